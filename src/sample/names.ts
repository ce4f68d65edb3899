import type { Random } from "./random.ts";

/** Where a family's names come from; the religion and the way a name is put together follow from it. */
export type Culture =
  | "javanese"
  | "sundanese"
  | "batak"
  | "minang"
  | "balinese"
  | "chinese"
  | "eastern"
  | "arabic";

export type Gender = "LAKI-LAKI" | "PEREMPUAN";

interface NameLists {
  readonly men: readonly string[];
  readonly women: readonly string[];
  /** Second names; of both genders where `secondWomen` is missing. */
  readonly second: readonly string[];
  readonly secondWomen?: readonly string[];
  /** How likely a name is a single word. */
  readonly single: number;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const LISTS: Readonly<Record<Culture, NameLists>> = {
  javanese: {
    men: words(
      "AGUS BAMBANG BUDI DWI EKO HENDRA JOKO PRASETYO SLAMET SUGENG SUHARTO SUKARDI SUPRIYANTO SUTRISNO TEGUH TRI WAHYU WIDODO YULIANTO SETIAWAN MULYONO PURNOMO RIYANTO HARYANTO SUMARNO PONIRAN NGADIMIN WAGIMAN",
    ),
    women: words(
      "SRI DEWI SITI WAHYUNI ENDANG SULASTRI SUMIATI RATNA RETNO TITIK WULANDARI LESTARI NINGSIH PUJIASTUTI SUPRIHATIN SUHARTI YULIATI ANIK KARTINI PARTINI RUBIYAH TUMINAH WINARTI SUPARTI",
    ),
    second: words(
      "SANTOSO WIBOWO NUGROHO SAPUTRO KUSUMO HARTONO PRAYITNO SUSANTO WICAKSONO PAMUNGKAS PRIHATIN ATMOJO HANDOKO WALUYO HIDAYAT KURNIAWAN SETYAWAN UTOMO",
    ),
    secondWomen: words(
      "WAHYUNINGSIH RAHAYU LESTARI SUSANTI HANDAYANI ASTUTI PURWANTI HASTUTI UTAMI WIDYASTUTI KUSUMAWATI ANGGRAINI PRATIWI SETYANINGRUM MAHARANI PALUPI",
    ),
    single: 0.25,
  },
  sundanese: {
    men: words(
      "ASEP UJANG DADANG CECEP ENTIS DEDE IWAN YAYAN AGUS DENI COMARUDIN ENGKOS NANDANG TATANG AJAT RUHIYAT ADE DUDUNG JAJANG ENCEP",
    ),
    women: words(
      "NENENG EUIS CUCU TETI IIS AI YANI ELIS IMAS NYAI TITIN ENUNG LILIS RINA WIWIN NIA ROHAETI KOKOM AAH",
    ),
    second: words(
      "SUHERMAN SURYANA HERMAWAN KOMARA SUPRIATNA MULYANA GUNAWAN SOPANDI RUHIMAT SUTISNA WIJAYA KUSNADI SAEPULOH RAMDANI PERMANA KOSASIH JUHANA",
    ),
    secondWomen: words(
      "ROHAENI KOMALASARI NURHAYATI SUMIATI MARYATI YUNINGSIH RATNASARI HERAWATI JUARIAH SUKAESIH KURNIASIH FATIMAH HALIMAH RUKMINI",
    ),
    single: 0.12,
  },
  batak: {
    men: words(
      "PARLINDUNGAN TOGAR BONAR SAHAT MANGASI HOTMAN JONTER POLTAK BINSAR RAMLI JHONSON ROBERT MARULI PARDAMEAN TUMPAL HASUDUNGAN EDUARD FERDINAND",
    ),
    women: words(
      "ROTUA TIURMA ROMAULI LAMRIA MARLINA RISMA NURMALA SONDANG DUMA HOTMAIDA RUSLI TIODOR BERLIANA KRISTINA MELDA ROSPITA",
    ),
    second: words(
      "SIREGAR NASUTION SIMANJUNTAK SITUMORANG HUTAGALUNG PANJAITAN SIMBOLON MANURUNG TAMPUBOLON SINAGA GINTING TARIGAN SEMBIRING HARAHAP LUBIS POHAN NAINGGOLAN PASARIBU HUTABARAT SIHOMBING",
    ),
    single: 0,
  },
  minang: {
    men: words(
      "AFRIZAL SYAFRIL YUSRIZAL MASRIL RUSDI ZULKIFLI HENDRI NOFRIZAL YULIZAR AZWAR BASRI EDISON ARMEN SYAHRIAL DASRIL ERIZAL",
    ),
    women: words(
      "YULIDAR ERNAWATI ASNIMAR NURBAITI ROSMANIAR YENI DESMAWATI ZURAIDA ELVIRA NURLELA WIRDA MARDIANA SYAFNI RAHMI GUSNETI",
    ),
    second: words(
      "CHANIAGO TANJUNG KOTO PILIANG SIKUMBANG JAMBAK GUCI MELAYU BASA SUTAN EFENDI PUTRA YULIUS",
    ),
    secondWomen: words("CHANIAGO TANJUNG KOTO PILIANG SIKUMBANG JAMBAK GUCI FITRI YANTI SARI HAYATI DEWI"),
    single: 0.25,
  },
  balinese: {
    men: words("WAYAN MADE NYOMAN KETUT PUTU KADEK KOMANG GEDE"),
    women: words("WAYAN MADE NYOMAN KETUT PUTU KADEK KOMANG LUH"),
    second: words(
      "SUDIARTA WIRAWAN ARTAWAN SUARDANA MAHENDRA ADNYANA SUPARTA YASA DHARMA SUKARTA WIDIANA PARTAMA SUTEJA ARDIKA BUDIASA",
    ),
    secondWomen: words(
      "ARIANI SUARTINI WIDIASTUTI PURNAMI ASTARI SRIANI DAMAYANTI MERTINI KARIANI SUKERTI WAHYUNI PUSPITA YULIANTINI",
    ),
    single: 0,
  },
  chinese: {
    men: words(
      "HENDRAWAN KEVIN STEVEN JIMMY WILLIAM EDWIN HARDI SUSANTO BUDIMAN ANTON JOHAN RUDY ALVIN FELIX CHANDRA",
    ),
    women: words(
      "LINDA SHINTA MELISSA YENNY SUSAN STEFANIE JESSICA FELICIA LILIANA VERONICA NATALIA MEILANI CAROLINE IVANA",
    ),
    second: words(
      "WIJAYA HALIM TANUWIJAYA GUNAWAN SALIM KURNIAWAN LESMANA TANDIONO SUTANTO HARTANTO LIEM TAN OEI WIBISONO SANJAYA",
    ),
    single: 0.02,
  },
  eastern: {
    men: words(
      "YOHANES MARKUS PETRUS STEFANUS ANDREAS DOMINGGUS MARTINUS FRANSISKUS SIMON YULIUS ALBERTUS OKTOVIANUS HERMANUS KORNELIUS MELKIANUS",
    ),
    women: words(
      "MARIA YOHANA ELISABETH THERESIA MARTHA AGUSTINA YULIANA KRISTINA MAGDALENA DORTHEA NAOMI ROSALINA FRANSISKA ADRIANA BENDELINA",
    ),
    second: words(
      "WENDA TABUNI KOGOYA MANDACAN RUMBIAK WANGGAI LATUHERU PATTIASINA TUHUMURY SAHETAPY LAY NAU BERE TNUNAY KLAU MANGINDAAN RUMENGAN LUMENTUT PANGEMANAN RUMAINUM YIKWA",
    ),
    single: 0,
  },
  arabic: {
    men: words(
      "MUHAMMAD AHMAD ABDUL ALI HASAN HUSEIN USMAN UMAR IBRAHIM ISMAIL YUSUF ILHAM FAISAL RIDWAN FAHMI RAHMAT TAUFIK ZAINAL SYARIF HAMDAN",
    ),
    women: words(
      "SITI NUR FATIMAH AISYAH KHADIJAH ZAHRA AMINAH NURUL HAFSAH SALMA LAILA MARYAM RUKAYAH ZAINAB HALIMAH RAHMAWATI",
    ),
    second: words(
      "RAHMAN HAKIM FADILAH ARIFIN RAMADHAN SYAHPUTRA HIDAYATULLAH MAULANA ANSHORI MUTTAQIN HABIBI AMIN BASYIR YUSUF FAUZI AZIS",
    ),
    secondWomen: words(
      "HASANAH AZIZAH HIDAYAH RAHMAH KHOTIMAH JANNAH AINI FITRIANI SALSABILA MUNAWAROH LATIFAH MUTMAINAH KAMILA ZAHRO",
    ),
    single: 0.06,
  },
};

/** What stands between the first and the last name of some, so that a name runs over two lines. */
const MIDDLE: Readonly<Record<Gender, readonly string[]>> = {
  "LAKI-LAKI": words("PUTRA ADI BAYU ARYA SATRIA DIMAS REZA FAJAR SURYA BAGUS GALIH RAMA"),
  PEREMPUAN: words("PUTRI AYU INTAN PERMATA CAHYA INDAH MEGA DIAN AMELIA KARTIKA BUNGA ANGGUN"),
};
/** As they are printed: after a comma or, on many cards, a full stop. */
const DEGREES = ["SE", "SH", "S.PD", "S.KOM", "ST", "S.SOS", "AMD", "S.E., M.M", "S.AG", "S.FARM"];
const TITLES: Readonly<Record<Gender, readonly string[]>> = {
  "LAKI-LAKI": ["H.", "DRS.", "DR.", "IR."],
  PEREMPUAN: ["HJ.", "DRA.", "DR.", "IR."],
};

/**
 * A name as a card prints it, in capitals.
 * @param age  years; the young have no degree and no pilgrimage behind them
 */
export function makeName(random: Random, culture: Culture, gender: Gender, age: number): string {
  const lists = LISTS[culture];
  const man = gender === "LAKI-LAKI";
  const first = random.pick(man ? lists.men : lists.women);
  const parts = [first];
  if (culture === "balinese") parts.unshift(man ? "I" : "NI");
  if (!random.chance(lists.single)) {
    if (random.chance(0.22)) parts.push(random.pick(MIDDLE[gender]));
    if (random.chance(0.1)) parts.push(random.pick(MIDDLE[gender]));
    parts.push(random.pick(man ? lists.second : (lists.secondWomen ?? lists.second)));
  }
  let name = parts.filter((part, i) => parts.indexOf(part) === i).join(" ");
  if (age > 35 && random.chance(0.04)) name = `${random.pick(TITLES[gender])} ${name}`;
  if (age > 23 && random.chance(0.1))
    name +=
      random.weighted([
        [", ", 3],
        [". ", 1],
        [" ", 1],
      ]) + random.pick(DEGREES);
  return name;
}
