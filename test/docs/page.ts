import { readFileSync } from "node:fs";

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly language: string;
  /** What follows the language: of JSON that is a document, its parameter's name below the prefix. */
  readonly title: string;
  readonly text: string;
}

export const PAGES = ["first-cluster", "runbook"] as const;

export function readPage(page: string): string {
  return readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), "utf8");
}

/** The blocks of a page in their order; one that stands in a list loses the list's indentation. */
export function blocksOf(page: string): Block[] {
  const fenced = /^( *)```([a-z]+)(?: ([^\n]+))?\n(.*?)^\1```$/gms;
  return [...readPage(page).matchAll(fenced)].map(([, indentation = "", language = "", title = "", text = ""]) => ({
    page,
    language,
    title,
    text: text.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
  }));
}

/** The one shell block of a page that has this text. Throws where none or several have it. */
export function shellBlock(page: string, part: string): string {
  const [found, ...more] = blocksOf(page).filter(({ language, text }) => language === "sh" && text.includes(part));
  if (found === undefined || more.length > 0)
    throw new Error(`${page}.md has ${more.length} further blocks, with ${part}`);
  return found.text;
}
