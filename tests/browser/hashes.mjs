// Hashes files with the page's own modules, in an empty page: {file: fields, or {refused}}.
export async function run(open, { library, blank, files, preferences, noise, crops }) {
  const page = await open({ preferences });
  await page.goto(blank);
  await page.evaluate(library);
  if (noise) await page.evaluate(disturb, noise);
  const told = {};
  for (const [name, data] of Object.entries(files)) {
    told[name] = await page.evaluate(hash, data, Boolean(crops));
  }
  told[""] = await page.evaluate(() => globalThis.parts.canvasIsHonest());
  return told;
}

async function hash(data, crops) {
  const { parts } = globalThis;
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  try {
    const pixels = await parts.pixelsOf(await parts.readFile(new Blob([bytes])));
    const { pdq, trimmed, scaled } = await parts.hashPixels(pixels);
    const size = [pixels.width, pixels.height];
    pixels.close();
    const grid = crops ? [...(await parts.cropHashes(scaled, async () => {}))] : null;
    return { pdq, trimmed, size, crops: grid };
  } catch (error) {
    return { refused: error.why ?? String(error) };
  }
}

/** Adds up to so much to every value that a canvas gives back. */
function disturb(most) {
  const honest = CanvasRenderingContext2D.prototype.getImageData;
  CanvasRenderingContext2D.prototype.getImageData = function getImageData(...box) {
    const image = honest.apply(this, box);
    for (let at = 0; at < image.data.length; at++) image.data[at] += Math.round((Math.random() - 0.5) * 2 * most);
    return image;
  };
}
