import { type BundledPackage, bundledPackages, type Metafile } from "./bundled-packages.ts";

/** `THIRD_PARTY_NOTICES.txt`: each package that is inside a bundle, under its licence, each text once. */
export async function noticesOf(metafile: Metafile): Promise<string> {
  const byText = Map.groupBy(await bundledPackages(metafile), legalText);
  const parts = [...byText].map(([text, packages]) => {
    const names = packages.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return `${names.join("\n")}\n\n${text}\n`;
  });
  const line = `\n${"-".repeat(80)}\n\n`;
  return `Files of this package contain code of the packages below.\n${line}${parts.join(line)}`;
}

/** Of the package, or where it has none (some of the SDK, and middy) what its manifest says it is. */
function legalText({ name, license, holder, texts }: BundledPackage): string {
  if (texts.length > 0) return texts.join("\n\n");
  if (license === "Apache-2.0") return "Apache License, Version 2.0: the text of the file LICENSE of this package.";
  if (license === "MIT" && holder !== undefined) return `Copyright (c) ${holder}\n\n${MIT}`;
  throw new Error(`${name} has no file with the text of its licence, ${license}`);
}

/** https://spdx.org/licenses/MIT.html */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
