// The client of the npm package `ws` talks to the app of websocket_clients.rs, whose port is in PORT.
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";

const host = `127.0.0.1:${process.env.PORT}`;
const url = `ws://${host}`;
const patience = setTimeout(() => { console.error("nothing came in time"); process.exit(1); }, 60_000);

async function open(path, protocols = [], options = {}) {
  const socket = new WebSocket(url + path, protocols, options);
  await once(socket, "open");
  return socket;
}

async function status(path, options = {}) {
  const socket = new WebSocket(url + path, options);
  socket.on("error", () => {});
  const [, response] = await Promise.race([
    once(socket, "unexpected-response"),
    once(socket, "open").then(() => [null, { statusCode: 101 }]),
  ]);
  socket.terminate();
  return response.statusCode;
}

async function closed(socket) {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
}

async function back(socket, message, options = {}) {
  socket.send(message, options);
  const [data, binary] = await once(socket, "message");
  return binary ? data : data.toString();
}

const echo = await open("/echo", [], { perMessageDeflate: true });
assert.equal(echo.extensions, "", "compression is not offered");
for (const message of ["grüße", "", "x".repeat(262_144)]) assert.equal(await back(echo, message), message);
for (const bytes of [Buffer.from([0, 255]), Buffer.alloc(262_144, "y")]) assert.deepEqual(await back(echo, bytes), bytes);
// In pieces, a message may be longer than a frame, with a ping in between.
const pong = once(echo, "pong");
for (let piece = 0; piece < 9; piece++) echo.send("z".repeat(100_000), { fin: false });
echo.ping("there?");
assert.equal(await back(echo, "z".repeat(100_000), { fin: true }), "z".repeat(1_000_000));
assert.equal((await pong)[0].toString(), "there?");
echo.close(4321, "bye");
assert.deepEqual(await closed(echo), [4321, "bye"]);

const long = await open("/echo");
long.send(Buffer.alloc(262_145));
assert.equal((await closed(long))[0], 1009);
assert.deepEqual(await closed(await open("/close")), [4000, "game over"]);
assert.equal((await closed(await open("/fails")))[0], 1011);
const speaks = await open("/speaks", ["other", "chat.v1"]);
assert.equal(speaks.protocol, "chat.v1");
speaks.close();
await closed(speaks);

assert.equal(await status("/echo", { origin: `http://${host}` }), 101);
assert.equal(await status("/echo", { origin: "https://evil.example" }), 403);
assert.equal(await status("/nowhere"), 404);
assert.equal(await status("/private"), 401);

await Promise.all(Array.from({ length: 50 }, async (_, number) => {
  const socket = await open("/echo");
  for (let turn = 0; turn < 20; turn++) assert.equal(await back(socket, `${number} ${turn}`), `${number} ${turn}`);
  socket.close();
  await closed(socket);
}));
clearTimeout(patience);
console.log("all is well");
