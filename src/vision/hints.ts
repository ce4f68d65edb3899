import type { Hint } from "./facts.ts";
import type { ImageFault } from "./image.ts";

/** All that a caller can be told to do better: with the photograph, with the file, or with the way it was sent. */
export type AdviceCode = Hint | ImageFault | "too_many_bytes" | "not_base64";

/** What the person at the phone is told, in Bahasa Indonesia and English. */
export const HINTS: Readonly<Record<AdviceCode, { readonly id: string; readonly en: string }>> = {
  not_a_ktp: {
    id: "Foto ini bukan sisi depan KTP. Foto sisi depan KTP Anda.",
    en: "This is not the front of a KTP. Photograph the front of your KTP.",
  },
  ktp_back: {
    id: "Ini sisi belakang KTP. Balik kartu dan foto sisi depannya.",
    en: "This is the back of the KTP. Turn the card over and photograph its front.",
  },
  driving_licence: {
    id: "Ini SIM, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a driving licence (SIM), not a KTP. Photograph the front of your KTP.",
  },
  passport: {
    id: "Ini paspor, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a passport, not a KTP. Photograph the front of your KTP.",
  },
  tax_card: {
    id: "Ini kartu NPWP, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a tax card (NPWP), not a KTP. Photograph the front of your KTP.",
  },
  family_card: {
    id: "Ini Kartu Keluarga, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a family card (KK), not a KTP. Photograph the front of your KTP.",
  },
  child_card: {
    id: "Ini Kartu Identitas Anak, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a child's identity card (KIA), not a KTP. Photograph the front of your KTP.",
  },
  bank_card: {
    id: "Ini kartu bank, bukan KTP. Jangan kirim foto kartu bank; foto sisi depan KTP Anda.",
    en: "This is a bank card, not a KTP. Send no picture of a bank card; photograph the front of your KTP.",
  },
  other_card: {
    id: "Ini kartu lain, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is another card, not a KTP. Photograph the front of your KTP.",
  },
  receipt: {
    id: "Ini struk belanja, bukan KTP. Foto sisi depan KTP Anda.",
    en: "This is a receipt, not a KTP. Photograph the front of your KTP.",
  },
  face_not_card: {
    id: "Ini foto wajah. Langkah ini memerlukan foto sisi depan KTP Anda.",
    en: "This is a picture of a face. This step needs the front of your KTP.",
  },
  no_card: {
    id: "Tidak ada kartu di dalam foto. Letakkan KTP di tempat datar dan foto seluruhnya.",
    en: "There is no card in the picture. Lay the KTP on something flat and photograph all of it.",
  },
  two_cards: {
    id: "Ada lebih dari satu kartu di dalam foto. Foto satu KTP saja.",
    en: "There is more than one card in the picture. Photograph one KTP alone.",
  },
  unreadable: {
    id: "Tulisan pada KTP tidak terbaca. Foto KTP dari dekat, lurus dari atas, dengan cahaya yang cukup.",
    en: "The text on the KTP cannot be read. Photograph it close up, straight from above, in good light.",
  },
  blurred: {
    id: "Foto buram. Pegang ponsel dengan mantap dan tunggu sampai fokus.",
    en: "The photograph is blurred. Hold the phone still and wait until it is in focus.",
  },
  too_dark: {
    id: "Foto terlalu gelap. Cari tempat yang lebih terang.",
    en: "The photograph is too dark. Find a brighter place.",
  },
  too_bright: {
    id: "Foto terlalu terang. Hindari cahaya langsung dan lampu kilat.",
    en: "The photograph is too bright. Avoid direct light and the flash.",
  },
  glare: {
    id: "Ada pantulan cahaya pada kartu. Miringkan kartu sedikit dan matikan lampu kilat.",
    en: "Light is reflected by the card. Tilt it a little and switch the flash off.",
  },
  cropped: {
    id: "Kartu terpotong. Pastikan keempat sudut kartu terlihat.",
    en: "The card is cut off. Keep all four corners in the picture.",
  },
  cropped_left: {
    id: "Sisi kiri kartu terpotong. Geser ponsel sampai sisi itu terlihat.",
    en: "The left edge of the card is cut off. Move the phone until that edge is in the picture.",
  },
  cropped_right: {
    id: "Sisi kanan kartu terpotong. Geser ponsel sampai sisi itu terlihat.",
    en: "The right edge of the card is cut off. Move the phone until that edge is in the picture.",
  },
  cropped_top: {
    id: "Sisi atas kartu terpotong. Geser ponsel sampai sisi itu terlihat.",
    en: "The upper edge of the card is cut off. Move the phone until that edge is in the picture.",
  },
  cropped_bottom: {
    id: "Sisi bawah kartu terpotong. Geser ponsel sampai sisi itu terlihat.",
    en: "The lower edge of the card is cut off. Move the phone until that edge is in the picture.",
  },
  too_small: {
    id: "Kartu terlalu kecil di dalam foto. Dekatkan ponsel ke kartu.",
    en: "The card is too small in the picture. Move the phone closer.",
  },
  rotated: {
    id: "Kartu terbalik atau miring. Foto KTP dengan tulisan mendatar.",
    en: "The card is turned. Photograph the KTP with its text level.",
  },
  screen_capture: {
    id: "Foto ini diambil dari layar. Foto kartu yang asli.",
    en: "This was photographed from a screen. Photograph the card itself.",
  },
  photocopy: {
    id: "Ini tampak seperti fotokopi. Foto kartu yang asli.",
    en: "This looks like a photocopy. Photograph the card itself.",
  },
  no_portrait: {
    id: "Pasfoto pada KTP tidak terlihat. Pastikan pasfoto tidak tertutup atau silau.",
    en: "The portrait on the KTP cannot be seen. Keep it free of fingers and glare.",
  },
  portrait_too_small: {
    id: "Pasfoto pada KTP terlalu kecil untuk dibandingkan. Dekatkan ponsel sampai kartu memenuhi foto.",
    en: "The portrait on the KTP is too small to be compared. Move closer until the card fills the picture.",
  },
  portrait_unclear: {
    id: "Pasfoto pada KTP tidak cukup jelas untuk dibandingkan. Jaga agar tidak buram, silau, atau tertutup.",
    en: "The portrait on the KTP is not clear enough to be compared. Keep it sharp, free of glare and uncovered.",
  },
  no_face: {
    id: "Wajah tidak terlihat. Hadapkan wajah Anda ke kamera.",
    en: "No face can be seen. Face the camera.",
  },
  several_faces: {
    id: "Ada lebih dari satu wajah. Pastikan hanya Anda yang terlihat.",
    en: "There is more than one face. Make sure that only you are in the picture.",
  },
  face_too_small: {
    id: "Wajah terlalu jauh. Dekatkan ponsel ke wajah Anda.",
    en: "The face is too far away. Move the phone closer.",
  },
  face_turned: {
    id: "Wajah menoleh. Lihat lurus ke kamera.",
    en: "The face is turned away. Look straight into the camera.",
  },
  face_covered: {
    id: "Wajah tertutup. Lepaskan masker, kacamata hitam, atau tangan dari wajah.",
    en: "The face is covered. Take off mask and sunglasses and keep hands away.",
  },
  sunglasses: {
    id: "Kacamata gelap menutupi mata. Lepaskan kacamata.",
    en: "Dark glasses cover the eyes. Take them off.",
  },
  mask: {
    id: "Masker menutupi wajah. Lepaskan masker.",
    en: "A mask covers the face. Take it off.",
  },
  eyes_closed: {
    id: "Mata tertutup. Buka mata Anda dan lihat ke kamera.",
    en: "The eyes are shut. Open them and look into the camera.",
  },
  face_lost: {
    id: "Wajah tidak selalu terlihat, atau ada orang lain. Tetap sendirian di depan kamera sampai selesai.",
    en: "The face was not always seen, or there was another person. Stay before the camera alone until the end.",
  },
  action_not_seen: {
    id: "Gerakan tidak terlihat. Lakukan satu per satu sesuai urutan, dan kembali melihat lurus setelah setiap gerakan.",
    en: "A movement was not seen. Do them one by one as they are asked for, and look straight ahead after each.",
  },
  moved_too_fast: {
    id: "Gerakan terlalu cepat. Lakukan dengan tenang, masing-masing sekitar satu detik.",
    en: "A movement was too fast. Do each calmly, in about a second.",
  },
  moved_too_slowly: {
    id: "Gerakan terlalu lambat. Selesaikan setiap gerakan dalam waktu sekitar satu detik.",
    en: "A movement was too slow. Do each in about a second.",
  },
  recording_broken: {
    id: "Rekaman terputus. Biarkan kamera merekam tanpa henti dan pegang ponsel dengan mantap.",
    en: "The recording is broken. Let the camera run without a stop and hold the phone still.",
  },
  not_live: {
    id: "Tidak dapat dipastikan bahwa Anda sendiri yang ada di depan kamera. Lakukan langsung di tempat terang, tanpa foto atau layar.",
    en: "It could not be told that you yourself are before the camera. Do it in person in good light, without photograph or screen.",
  },
  another_face: {
    id: "Wajah pada swafoto berbeda dari wajah pada pemeriksaan gerakan. Kirim swafoto Anda sendiri.",
    en: "The face of the selfie is not the one that did the movements. Send a selfie of yourself.",
  },
  empty: {
    id: "Gambar kosong. Kirim foto JPEG, PNG, atau WebP.",
    en: "The image is empty. Send a JPEG, PNG or WebP photograph.",
  },
  unsupported_format: {
    id: "Berkas ini bukan gambar JPEG, PNG, atau WebP. Kirim foto dalam salah satu format tersebut.",
    en: "The file is not a JPEG, PNG or WebP image. Send a photograph in one of these formats.",
  },
  damaged: {
    id: "Gambar rusak atau terpotong. Ambil atau kirim foto sekali lagi.",
    en: "The image is damaged or cut off. Take or send the photograph again.",
  },
  too_many_bytes: {
    id: "Ukuran berkas terlalu besar. Kirim gambar paling besar 10 MiB.",
    en: "The image file is too large. Send one of at most 10 MiB.",
  },
  too_many_pixels: {
    id: "Gambar memiliki terlalu banyak piksel. Kirim paling banyak 64 megapiksel dan 16.000 piksel per sisi.",
    en: "The image has too many pixels. Send one of at most 64 megapixels and 16,000 pixels a side.",
  },
  too_few_pixels: {
    id: "Gambar terlalu kecil untuk dinilai. Kirim gambar paling sedikit 160 piksel per sisi.",
    en: "The image is too small to be judged. Send one of at least 160 pixels a side.",
  },
  animated: {
    id: "Gambar bergerak. Kirim satu foto saja.",
    en: "The image is animated. Send a single photograph.",
  },
  not_base64: {
    id: "Gambar tidak dikirim sebagai base64. Kirim sebagai base64 atau URL data: dengan ;base64.",
    en: "The image is not base64. Send it as base64, or as a data: URL with ;base64.",
  },
};
