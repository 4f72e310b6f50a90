// Tencent's own @wecom/crypto seals and opens for the Python tests: a list of jobs in on stdin, a list of results out.
const { decrypt, encrypt, getSignature } = require("@wecom/crypto");

const { token, key, jobs } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const run = {
  seal({ text, id, timestamp, nonce }) {
    const sealed = encrypt(key, text, id);
    return { encrypt: sealed, msg_signature: getSignature(token, timestamp, nonce, sealed), timestamp, nonce };
  },
  open({ encrypt: sealed, msgsignature, timestamp, nonce }) {
    const genuine = getSignature(token, timestamp, nonce, sealed) === msgsignature;
    const { message, id } = decrypt(key, sealed);
    return { genuine, text: message, id };
  },
};
process.stdout.write(JSON.stringify(jobs.map((job) => run[job.do](job))));
