// Sending: one message after the other, each tried again with the same id, which the server takes once.

const WAITS = [0, 800, 2500]; // milliseconds before each try
const TIMEOUT = 15000;
let queue = Promise.resolve();

/** Whether the server has the message, in the end. */
export function send(message) {
  const result = queue.then(() => deliver(message));
  queue = result;
  return result;
}

async function deliver(message) {
  for (const wait of WAITS) {
    await new Promise((done) => setTimeout(done, wait));
    const status = await post(message);
    if (status >= 200 && status < 300) return true;
    if (status >= 400 && status < 500) return false;
  }
  return false;
}

/** The HTTP status, or 0 where the network failed. */
async function post(message) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT);
  try {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(message);
    return (await fetch("/hook/simulated", { method: "POST", headers, body, signal: giveUp.signal })).status;
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
  }
}
