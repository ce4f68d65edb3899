import type { Hint } from "./facts.ts";

/** What the person at the phone is told, in Bahasa Indonesia and English. */
export const HINTS: Readonly<Record<Hint, { readonly id: string; readonly en: string }>> = {
  not_a_ktp: {
    id: "Foto ini bukan sisi depan KTP. Foto sisi depan KTP Anda.",
    en: "This is not the front of a KTP. Photograph the front of your KTP.",
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
  too_small: {
    id: "Kartu terlalu kecil di dalam foto. Dekatkan ponsel ke kartu.",
    en: "The card is too small in the picture. Move the phone closer.",
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
  eyes_closed: {
    id: "Mata tertutup. Buka mata Anda dan lihat ke kamera.",
    en: "The eyes are shut. Open them and look into the camera.",
  },
};
