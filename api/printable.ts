/**
 * What could move a terminal's cursor, hide text or turn it round: C0 and C1 controls, line and paragraph separators,
 * zero-width and bidirectional marks, and halves of a character.
 */
// oxlint-disable-next-line no-control-regex -- the controls are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu

/** A name as it may stand on a terminal and in a file, whoever chose it: `a\u{1b}[2Jb`. */
export const printable = (text: string): string =>
  text.replace(UNSEEN, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16) ?? ''}}`)
