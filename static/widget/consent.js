/*
 * Whether anything may be kept in this browser. Where a visitor has to agree first, nothing touches it before that: not
 * the token, not a draft; and no page that they look at is told either. The page around us may decide, or the visitor here.
 */

export class Consent {
  /** `tell(message)` reaches the host page, if there is one; `onChange(given)` hears of each change after the beginning. */
  constructor({ site, storage, tell, onChange }) {
    Object.assign(this, { site, storage, tell, onChange });
    this.isRemembered = storage.peek("consent") === true;
    this.mayKeep = false;
    this.isAsked = false;
  }

  /**
   * What the host page says at the beginning: `consent` true (given, or it asks nobody), null (not given yet) or false
   * (refused); `asks`: it did ask, so its "true" is an answer; `kept` is what it keeps for us; `fresh`: forget everybody.
   */
  begin({ consent = true, asks = false, fresh = false, kept = {} }) {
    this.isRemembered ||= kept.consent === "true";
    if (fresh || consent === false) this.forget();
    Object.assign(this, { kept, hosts: consent });
    const isNeeded = this.site.needs_consent || asks;
    this.mayKeep = consent === true && (!this.site.needs_consent || this.isRemembered || asks);
    this.isAsked = !this.mayKeep && consent !== false;
    if (this.mayKeep) this.keep(isNeeded);
    else if (consent) this.say(false); // it does not know that this site has to ask
  }

  /** The visitor has answered, here. */
  answer(given) {
    if (given !== this.hosts) this.say(given);
    this.decide(given);
  }

  /** The page has decided; where it only repeats what we said, there is nothing to do. */
  hear(given) {
    if (given === this.hosts) return;
    this.hosts = given;
    this.decide(given);
  }

  decide(given) {
    this.isAsked = false;
    if (given && !this.mayKeep) this.keep(true);
    if (!given) this.letGo();
    this.mayKeep = given;
    this.onChange(given);
  }

  keep(isNeeded) {
    this.storage.open({ kept: this.kept, relay: (name, value) => this.tell({ type: "keep", name, value }) });
    if (isNeeded) this.storage.set("consent", true);
  }

  letGo() {
    this.storage.close();
    this.storage.remove("consent");
  }

  forget() {
    this.storage.wipe();
    this.isRemembered = false;
    try {
      indexedDB.deleteDatabase(`makegood:${this.site.key}`); // see blobs.js
    } catch { /* closed: there is nothing */ }
  }

  say(given) {
    this.hosts = given;
    this.tell({ type: "consent", given });
  }
}
