/* The question for an address, loaded when it is first asked. */

/** Ask for an address. `save(email)` stores it or throws; `done(email)` hears that it is stored. */
export class Contact {
  constructor({ form, say, save, done }) {
    Object.assign(this, { form, say, save, done });
    this.input = form.querySelector("input");
    this.error = form.querySelector("[data-error]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.querySelector("[data-later]").addEventListener("click", () => this.show(false));
    this.input.addEventListener("input", () => this.complain(""));
  }

  show(isOpen) {
    const hadFocus = this.form.contains(document.activeElement);
    this.form.hidden = !isOpen;
    if (!isOpen) this.complain("");
    if (!isOpen && hadFocus) document.querySelector("[data-part=composer] textarea").focus();
  }

  focus() {
    this.input.focus();
  }

  async submit() {
    const email = this.input.value.trim();
    if (!/^\S+@\S+$/.test(email)) return this.complain(this.say("contactInvalid"));
    const button = this.form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const answer = await this.save(email);
      this.show(false);
      this.done(answer.email || email);
    } catch (error) {
      this.complain(error.status === 422 ? [error.fields?.email].flat()[0] || this.say("contactInvalid") : this.say("contactFailed"));
    } finally {
      button.disabled = false;
    }
  }

  complain(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", Boolean(text));
    if (text) this.input.focus();
  }
}
