// npm's web-push, tuned: connections kept alive, 100 messages at a time. node push_node.js FOLDER COUNT PORT
const { createECDH, createPrivateKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const https = require("node:https");
const path = require("node:path");

const [folder, count, port] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const webpush = require(path.join(folder, "node_modules", "web-push"));
const payload = readFileSync(path.join(folder, "payload"), "utf8");
const { d } = createPrivateKey(readFileSync(path.join(folder, "vapid.pem"))).export({ format: "jwk" });
const ecdh = createECDH("prime256v1");
ecdh.setPrivateKey(Buffer.from(d, "base64url"));
const vapidDetails = { subject: "mailto:mairie@exemple.fr", publicKey: ecdh.getPublicKey("base64url"), privateKey: d };
const phones = JSON.parse(readFileSync(path.join(folder, "phones.json"), "utf8")).slice(0, count);
const agent = new https.Agent({ keepAlive: true, maxSockets: 100 });

async function main() {
  const before = process.cpuUsage(), start = process.hrtime.bigint();
  let sent = 0, next = 0;
  const one = async () => {
    while (next < phones.length) {
      const answer = await webpush.sendNotification(phones[next++], payload, { vapidDetails, TTL: 3600, agent });
      sent += answer.statusCode === 201;
    }
  };
  await Promise.all(Array.from({ length: 100 }, one));
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6, wall: Number(process.hrtime.bigint() - start) / 1e9, sent }));
  process.exit(0);
}
main();
