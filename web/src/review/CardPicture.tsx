import { useState } from "react";
import { type ReviewView, useDesk } from "./desk.ts";
import { takeFocus } from "./parts.tsx";
import type { Shown } from "./Verification.tsx";

/** The photograph of the card, once it is shown, with the place of each field on it. */
export function CardPicture({
  view,
  shown,
  pointed,
}: {
  view: ReviewView;
  shown: Shown;
  /** The field that is looked at below. */
  pointed: string | null;
}) {
  const { words } = useDesk();
  const [size, setSize] = useState<readonly [number, number] | null>(null);
  const name = words.picture.card;
  const image = shown.of("card")?.image;
  if (!image) {
    return (
      <div className="covered wide">
        {view.images.includes("card") ? (
          <button type="button" className="quiet" onClick={() => shown.show("card")}>
            {words.showWhat(name)}
          </button>
        ) : (
          <span className="soft">{words.noPicture}</span>
        )}
      </div>
    );
  }
  return (
    <div className="card">
      <img
        ref={takeFocus}
        tabIndex={-1}
        src={`data:${image.media_type};base64,${image.data}`}
        alt={name}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize([naturalWidth, naturalHeight])
        }
      />
      {size && (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} aria-hidden="true">
          {view.fields.map(
            ({ field, box }) =>
              box && (
                <rect
                  key={field}
                  className={pointed === field ? "box pointed" : "box"}
                  x={box[0]}
                  y={box[1]}
                  width={box[2]}
                  height={box[3]}
                />
              ),
          )}
        </svg>
      )}
    </div>
  );
}
