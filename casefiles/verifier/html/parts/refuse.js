// What does not hold, by code and facts as `nisisama verify` names them; config/data/errors has the words.

/** Something that does not hold. */
export class Refused extends Error {
  constructor(code, facts = {}) {
    super(code);
    this.code = code;
    this.facts = facts;
  }
}

/** Something that cannot be decided with what was given. */
export class Undecided extends Refused {}

export function refuse(code, facts) {
  throw new Refused(code, facts);
}

/** What `make` gives; what it refuses is refused as `code`, with the first reason as its cause. */
export function refusedAs(code, facts, make) {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(code, { ...facts, cause: error });
  }
}

/** Whether `make` ends without a refusal. */
export function holds(make) {
  try {
    make();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return false;
  }
}
