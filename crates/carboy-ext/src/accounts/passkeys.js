// Passkeys on the pages of accounts. Everything it needs stands in attributes of the buttons, so that no page has a script inside.
"use strict";
(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  async function post(url, csrf, body) {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    if (csrf) headers["X-CSRFToken"] = csrf;
    const response = await fetch(url, { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(body) });
    let answer = {};
    try {
      answer = await response.json();
    } catch {
      // An answer of the app's error handlers may be a page.
    }
    if (!response.ok) throw new Error(answer.error || "");
    return answer;
  }

  const withBytes = (list) => (list || []).map((item) => ({ ...item, id: decode(item.id) }));

  async function create(button) {
    const { csrf, begin, finish } = button.dataset;
    const options = (await post(begin, csrf, {})).publicKey;
    options.challenge = decode(options.challenge);
    options.user.id = decode(options.user.id);
    options.excludeCredentials = withBytes(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    const credential = {
      id: made.id,
      rawId: encode(made.rawId),
      type: made.type,
      response: {
        attestationObject: encode(made.response.attestationObject),
        clientDataJSON: encode(made.response.clientDataJSON),
        transports: made.response.getTransports ? made.response.getTransports() : undefined,
      },
      clientExtensionResults: made.getClientExtensionResults(),
    };
    const name = document.getElementById("passkey-name");
    await post(finish, csrf, { credential, name: name ? name.value : "" });
    window.location.reload();
  }

  async function login(button) {
    const { csrf, begin, finish, next } = button.dataset;
    const options = (await post(begin, csrf, {})).publicKey;
    options.challenge = decode(options.challenge);
    options.allowCredentials = withBytes(options.allowCredentials);
    const made = await navigator.credentials.get({ publicKey: options });
    const credential = {
      id: made.id,
      rawId: encode(made.rawId),
      type: made.type,
      response: {
        authenticatorData: encode(made.response.authenticatorData),
        clientDataJSON: encode(made.response.clientDataJSON),
        signature: encode(made.response.signature),
        userHandle: made.response.userHandle ? encode(made.response.userHandle) : null,
      },
      clientExtensionResults: made.getClientExtensionResults(),
    };
    window.location.assign((await post(finish, csrf, { credential, next })).next);
  }

  for (const [id, act] of [["passkey-add", create], ["passkey-login", login]]) {
    const button = document.getElementById(id);
    if (!button || !window.PublicKeyCredential) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const error = document.getElementById("passkey-error");
      error.textContent = "";
      button.disabled = true;
      try {
        await act(button);
      } catch (failure) {
        // An answer of the app has a sentence; what the browser says is for who programs.
        const said = failure.name === "Error" && failure.message;
        error.textContent = said || button.dataset.failed;
      } finally {
        button.disabled = false;
      }
    });
  }
})();
