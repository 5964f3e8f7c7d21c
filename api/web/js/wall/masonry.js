// Masonry layout of the wall. Pure. A pin keeps its column; a new pin pushes down only its own column.

/** How many columns fit, how wide each is, and the gap between them, in pixels. */
export function grid(width_px) {
  const gap_px = width_px < 600 ? 10 : 20;
  const count = Math.max(2, Math.min(8, Math.floor((width_px + gap_px) / (216 + gap_px))));
  return { count, gap_px, column_px: (width_px - gap_px * (count - 1)) / count };
}

/**
 * The columns of `pins` (newest first), and the position of each pin.
 *
 * A pin is `{key, ratio}`, ratio being width by height; `kept` maps keys to the columns they have. A pin without one
 * takes the shortest column, oldest first. Returns `{columns: Map(key -> column), positions:
 * [{key, x_px, y_px, width_px, height_px}], height_px}`, positions in the order of `pins`.
 */
export function layOut(pins, { width_px, caption_px, kept = new Map() }) {
  const { count, gap_px, column_px } = grid(width_px);
  const tall = pins.map(({ ratio }) => Math.round(column_px / ratio) + caption_px);
  const columns = columnsOf(pins, tall, { count, gap_px, kept });
  const filled_px = new Array(count).fill(0);
  const positions = pins.map(({ key }, index) => {
    const column = columns.get(key);
    const y_px = filled_px[column];
    filled_px[column] += tall[index] + gap_px;
    return { key, x_px: column * (column_px + gap_px), y_px, width_px: column_px, height_px: tall[index] };
  });
  return { columns, positions, height_px: Math.max(0, ...filled_px.map((px) => px - gap_px)) };
}

function columnsOf(pins, tall, { count, gap_px, kept }) {
  const columns = new Map();
  const filled_px = new Array(count).fill(0);
  for (let index = pins.length - 1; index >= 0; index -= 1) {
    const { key } = pins[index];
    const has = kept.get(key);
    const column = has !== undefined && has < count ? has : shortest(filled_px);
    columns.set(key, column);
    filled_px[column] += tall[index] + gap_px;
  }
  return columns;
}

function shortest(filled_px) {
  return filled_px.indexOf(Math.min(...filled_px));
}
