import { SEED_CITIZENS } from "../../src/dukcapil/citizens.ts";
import { openRegister } from "../../src/dukcapil/register.ts";
import { sealerIn } from "./support.ts";

/** A process of its own that adds `count` citizens, NIKs from `first` on, a few at a time. */
const [dir, first, count, batch] = process.argv.slice(2);
const register = openRegister({ dir: dir!, sealer: sealerIn(dir!) });
for (let i = 0; i < Number(count); i += Number(batch)) {
  await register.add(
    Array.from({ length: Number(batch) }, (_, j) => ({
      ...SEED_CITIZENS[0]!,
      nik: String(Number(first) + i + j),
      fullName: `WARGA NOMOR ${Number(first) + i + j}`,
    })),
  );
}
