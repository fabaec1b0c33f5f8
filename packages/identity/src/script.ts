/**
 * The letters a handle may use. spec/identity.md section 7.
 *
 * Written out as ranges instead of Unicode properties: those grow with every Unicode version, and two
 * runtimes that disagree on a letter would disagree on a handle's id. A script that is missing can be added
 * later, because what is refused today has no id.
 */

interface Script {
  readonly name: string
  /** Lower-case letters after NFKC; no combining mark is among them. */
  readonly letters: RegExp
  /** Letters that look like Latin ones; a label of these alone could pass for another. */
  readonly lookalikes?: RegExp
}

/** Lookalikes follow the confusables of Unicode Technical Standard 39, and their forms with accents. */
export const SCRIPTS: readonly Script[] = [
  // Without dotless i (0131), kra (0138), n preceded by apostrophe (0149) and long s (017f).
  {
    name: 'Latin',
    letters:
      /^[a-z\u00df-\u00f6\u00f8-\u0130\u0132-\u0137\u0139-\u0148\u014a-\u017e\u01a1\u01b0\u0218-\u021b\u1ea0-\u1ef9]+$/u,
  },
  {
    name: 'Greek',
    letters: /^[\u0390\u03ac-\u03c1\u03c3-\u03ce]+$/u,
    lookalikes: /^[αάγιίϊΐνοόρσυύϋΰ]+$/u,
  },
  {
    name: 'Cyrillic',
    letters: /^[\u0430-\u045f\u048b-\u04ff]+$/u,
    lookalikes: /^[аӑӓеѐёӗгһіїјӏоӧрсѕуўӯӱӳүхь]+$/u,
  },
  { name: 'Han', letters: /^[\u3400-\u4dbf\u4e00-\u9fff]+$/u },
  { name: 'Hangul', letters: /^[\uac00-\ud7a3]+$/u },
]

/**
 * All letters are of one script, and not all of them imitate Latin. `letters` is lower case and NFKC;
 * without letters there is nothing to mistake.
 */
export function isOneScript(letters: string): boolean {
  if (letters === '') return true
  const script = SCRIPTS.find((candidate) => candidate.letters.test(letters))
  return script !== undefined && !script.lookalikes?.test(letters)
}
