import type { ReactNode } from "react";
import { type Revealed, useDesk } from "./desk.ts";
import { takeFocus } from "./parts.tsx";

interface PictureProps {
  readonly name: string;
  /** Once it is shown. */
  readonly image: Revealed["image"] | undefined;
  /** Null: there is none to be shown. */
  readonly onShow: (() => void) | null;
  /** Under it; the name where left out. */
  readonly children?: ReactNode;
}

/** A picture that is fetched when somebody asks for it. */
export function Picture({ name, image, onShow, children = name }: PictureProps) {
  const { words } = useDesk();
  return (
    <figure className="picture">
      {image ? (
        <img ref={takeFocus} tabIndex={-1} src={`data:${image.media_type};base64,${image.data}`} alt={name} />
      ) : (
        <div className="covered">
          {onShow ? (
            <button type="button" className="quiet" onClick={onShow}>
              {words.showWhat(name)}
            </button>
          ) : (
            <span className="soft">{words.noPicture}</span>
          )}
        </div>
      )}
      <figcaption>{children}</figcaption>
    </figure>
  );
}
