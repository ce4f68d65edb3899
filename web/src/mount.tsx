import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./base.css";

/** Shows a page in its document. */
export function mount(page: ReactNode): void {
  const root = document.getElementById("root");
  if (root) createRoot(root).render(<StrictMode>{page}</StrictMode>);
}
