"use strict";

// The clock: server-sent events. The browser comes back by itself when the connection breaks.
const clock = document.getElementById("clock");
new EventSource(clock.dataset.from).addEventListener("tick", (event) => {
  clock.textContent = event.data;
});

// The talk of a room: a WebSocket. It does not come back by itself.
const talk = document.getElementById("talk");
if (talk) {
  const state = document.getElementById("state");
  const here = document.getElementById("here");
  const text = document.getElementById("text");
  let socket;
  let patience = 500;

  const add = (className, parts) => {
    const line = document.createElement("li");
    line.className = className;
    for (const [tag, content] of parts) {
      const part = document.createElement(tag);
      part.textContent = content;
      line.append(part);
    }
    const follow = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40;
    talk.append(line);
    if (follow) line.scrollIntoView({ block: "end" });
  };

  const connect = () => {
    socket = new WebSocket(talk.dataset.at);
    socket.onopen = () => {
      patience = 500;
      talk.replaceChildren();
      state.textContent = "connected";
      state.className = "on";
    };
    socket.onmessage = (event) => {
      const told = JSON.parse(event.data);
      if (told.kind === "line") {
        add(told.who === talk.dataset.me ? "mine" : "", [["b", told.who], ["span", told.text]]);
      } else {
        here.textContent = told.who.join(", ");
        add("note", [["span", told.note]]);
      }
    };
    socket.onclose = (event) => {
      state.textContent = event.reason || "connecting …";
      state.className = "";
      // Whoever was shown out stays out; everything else is tried again, more and more slowly.
      if (event.code !== 1008) {
        setTimeout(connect, patience);
        patience = Math.min(patience * 2, 10000);
      }
    };
  };
  connect();

  document.getElementById("say").addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim() && socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ text: text.value }));
      text.value = "";
    }
  });
}
