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
  /** Letters that look like those of one other script; a label of these alone could pass for a name in it. */
  readonly lookalikes: readonly RegExp[]
}

/**
 * Lookalikes follow the confusables of Unicode Technical Standard 39, accented forms by their base letter. Of a
 * pair of scripts one does the refusing: Cyrillic gives way to Latin, Greek to Latin and to Cyrillic.
 */
export const SCRIPTS: readonly Script[] = [
  {
    name: 'Latin',
    // Without letters that pass for others here: e with breve (0115), dotless i (0131), kra (0138), n after
    // apostrophe (0149), t with cedilla (0163), long s (017f).
    letters:
      /^[a-z\u00df-\u00f6\u00f8-\u0114\u0116-\u0130\u0132-\u0137\u0139-\u0148\u014a-\u0162\u0164-\u017e\u01a1\u01b0\u0218-\u021b\u1ea0-\u1ef9]+$/u,
    lookalikes: [],
  },
  {
    name: 'Greek',
    letters: /^[\u0390\u03ac-\u03c1\u03c3-\u03ce]+$/u,
    lookalikes: [/^[αάβγιίϊΐνοόρσυύϋΰ]+$/u, /^[αγεικοπρστφϊ]+$/u],
  },
  {
    name: 'Cyrillic',
    // The Slavic alphabets without e and i with grave (0450, 045d); then ґ ғ җ қ ң ү ұ ҳ ҷ һ ә ӣ ө ӯ.
    letters:
      /^[\u0430-\u044f\u0451-\u045c\u045e\u045f\u0491\u0493\u0497\u049b\u04a3\u04af\u04b1\u04b3\u04b7\u04bb\u04d9\u04e3\u04e9\u04ef]+$/u,
    lookalikes: [/^[аеёгѓғћһіїјорсѕуўӯүхь]+$/u],
  },
  { name: 'Han', letters: /^[\u3400-\u4dbf\u4e00-\u9fff]+$/u, lookalikes: [] },
  { name: 'Hangul', letters: /^[\uac00-\ud7a3]+$/u, lookalikes: [] },
]

/**
 * All letters are of one script, and not all of them imitate another one. `letters` is lower case and NFKC;
 * without letters there is nothing to mistake.
 */
export function isOneScript(letters: string): boolean {
  if (letters === '') return true
  const script = SCRIPTS.find((candidate) => candidate.letters.test(letters))
  return script !== undefined && !script.lookalikes.some((imitation) => imitation.test(letters))
}
