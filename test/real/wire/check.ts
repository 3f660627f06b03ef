/** What a server answered, on one line: the status, the error code, then the fields that matter. */
export type Answer = string;

/** One question that is put to every server of a family. */
export interface WireCheck<Target, OurVariant extends string> {
  /** As `list.v2-pages`; deviations name it. */
  readonly id: string;
  readonly title: string;
  readonly run: (target: Target) => Promise<Answer>;
  /** What the vendor's documentation says (AWS, Azure); ours must answer so too. */
  readonly documented: Answer;
  /** What ours must answer where a variant of ours answers differently on purpose. */
  readonly ours?: Readonly<Partial<Record<OurVariant, Answer>>>;
  /** Why ours does not answer as documented, where it does not in any variant. */
  readonly whyOurs?: string;
  /** Servers to which this must not be put, each with the reason. */
  readonly notAsked?: Readonly<Record<string, string>>;
}

/** Where a server is known to answer otherwise than ours; explained, and held to. */
export interface Deviation {
  readonly check: string;
  /** What the server answers instead. */
  readonly answer: Answer;
  readonly why: string;
  /** Whose answer the vendor's documentation backs; `open` where it says nothing. */
  readonly right: 'ours' | 'server' | 'open';
}

/** What ours must answer to a check, as one of its variants. */
export function expectedOf<Target, OurVariant extends string>(
  check: WireCheck<Target, OurVariant>,
  variant: OurVariant,
): Answer {
  return check.ours?.[variant] ?? check.documented;
}

/** The sentence that says what is wrong with an answer of ours; null when nothing is. */
export function problemOfOurs(expected: Answer, answered: Answer): string | null {
  return answered === expected ? null : `answered ${answered}\ninstead of ${expected}`;
}

/**
 * The sentence that says what is wrong with a real server's answer; null when nothing is. An
 * unexplained difference is a problem, and so is an explanation of what differs no more.
 */
export function problemOfServer(
  expected: Answer,
  answered: Answer,
  deviation: Deviation | undefined,
): string | null {
  if (deviation === undefined) {
    if (answered === expected) return null;
    return `answered ${answered}\nours answers ${expected}; the difference is not explained`;
  }
  if (answered === expected) return 'differs no more from ours: remove the deviation';
  if (answered === deviation.answer) return null;
  return `answered ${answered}\nthe deviation says ${deviation.answer}`;
}

/** Deviations that name no check, and checks or deviations that stand twice. */
export function tableProblems(
  checks: readonly { readonly id: string }[],
  deviations: readonly Deviation[],
): readonly string[] {
  const ids = checks.map(({ id }) => id);
  const named = deviations.map(({ check }) => check);
  return [
    ...named.filter((id) => !ids.includes(id)).map((id) => `${id}: there is no such check`),
    ...twice(ids).map((id) => `${id}: two checks have this id`),
    ...twice(named).map((id) => `${id}: two deviations of the same server`),
  ];
}

function twice(texts: readonly string[]): readonly string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}

type Fields = Readonly<Record<string, unknown>>;

/** `200 name=value …`; values that are no texts or numbers are written as JSON. */
export function answerOf(status: number | string, fields: Fields = {}): Answer {
  const words = Object.entries(fields).map(([name, value]) => {
    const isPlain = typeof value === 'string' || typeof value === 'number';
    return `${name}=${isPlain ? value : (JSON.stringify(value) ?? 'none')}`;
  });
  return [String(status), ...words].join(' ');
}
