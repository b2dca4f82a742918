/*
 * A copy of the conversation by mail, loaded when somebody asks for it. To a proved address at once; otherwise the address
 * is asked for and proved by six digits that are mailed to it.
 */
import { make, makeButton } from "./dom.js";

export class Copy {
  /** `call(path, body)` asks the server; `onProof(answer)` hears that an address was proved; `onClose()` that it is over. */
  constructor({ box, say, call, onProof, onClose }) {
    Object.assign(this, { box, say, call, onProof, onClose });
  }

  /** Begin with this conversation. */
  async begin(ref) {
    this.ref = ref;
    this.box.hidden = false;
    this.draw(make("p", "", this.say("connecting")));
    await this.send();
  }

  async send() {
    try {
      const { email } = await this.call(`/widget/tickets/${encodeURIComponent(this.ref)}/copy/`, {});
      this.conclude(this.say("copySent", { email }));
    } catch (error) {
      if (error.code === "unverified") this.askAddress();
      else this.conclude(this.words(error), () => this.begin(this.ref));
    }
  }

  askAddress(email = "") {
    const input = field({ type: "email", autocomplete: "email", maxLength: 254, value: email, dir: "ltr" }, this.say("email"));
    this.form(this.say("copyAsk"), input, this.say("copyCodeSend"), async () => {
      const address = input.value.trim();
      if (!/^\S+@\S+$/.test(address)) return this.say("contactInvalid");
      const answer = await this.call("/widget/code/", { email: address });
      this.askCode(answer.email || address);
      return "";
    }, (error) => (error.status === 422 ? [error.fields?.email].flat()[0] || this.say("contactInvalid") : this.words(error)));
  }

  askCode(email) {
    const input = field({ type: "text", inputMode: "numeric", autocomplete: "one-time-code", maxLength: 12, dir: "ltr" }, this.say("copyCode"));
    this.form(this.say("copyCodeAsk", { email }), input, this.say("copyConfirm"), async () => {
      const code = digits(input.value);
      if (code.length !== 6) return this.say("copyCodeWrong");
      this.onProof(await this.call("/widget/verify/", { email, code }));
      await this.send();
      return "";
    }, (error) => (error.status === 422 ? this.say("copyCodeWrong") : this.words(error)), makeButton("later", this.say("copyAgain"), () => this.askAddress(email)));
  }

  /** A question with one field; `go()` answers what is wrong with it, or throws what `wrong(error)` puts into words. */
  form(question, input, action, go, wrong, ...others) {
    const form = make("form");
    const [label, row, button, error] = [make("label", "", question), make("div", "contact-row"), make("button", "go", action), make("p", "error")];
    form.noValidate = true;
    label.htmlFor = input.id = "copy-field";
    error.id = "copy-error";
    error.setAttribute("role", "alert");
    input.setAttribute("aria-describedby", error.id);
    const complain = (text) => {
      error.textContent = text;
      input.setAttribute("aria-invalid", Boolean(text));
      if (text) input.focus();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      complain(await go().catch(wrong));
      button.disabled = false;
    });
    input.addEventListener("input", () => complain(""));
    row.append(input, button);
    form.append(label, row, error, foot(...others, makeButton("later", this.say("contactLater"), () => this.close())));
    this.draw(form);
    input.focus();
  }

  /** A last word, and a way to try again where it may help. */
  conclude(text, again = null) {
    const line = make("p", "", text);
    line.setAttribute("role", "status");
    const close = makeButton("later", this.say(again ? "contactLater" : "closeCard"), () => this.close());
    this.draw(foot(line, ...(again ? [makeButton("later", this.say("tryAgain"), again)] : []), close));
    close.focus();
  }

  words(error) {
    return this.say(error.status === 429 ? "tooOften" : "failed");
  }

  draw(...nodes) {
    this.box.replaceChildren(...nodes);
  }

  close() {
    this.box.hidden = true;
    this.draw();
    this.onClose();
  }
}

function foot(...nodes) {
  const line = make("div", "card-foot");
  line.append(...nodes);
  return line;
}

function field(properties, hint) {
  return Object.assign(make("input"), { ...properties, placeholder: hint });
}

/** Only the digits, whichever script they are written in here. */
function digits(text) {
  const plain = text.replace(/[\u0660-\u0669]/g, (sign) => sign.charCodeAt(0) - 0x660).replace(/[\uff10-\uff19]/g, (sign) => sign.charCodeAt(0) - 0xff10);
  return plain.replace(/\D/g, "");
}
