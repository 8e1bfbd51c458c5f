// Driver of whatsapp, Meta's own SDK (archived). Host, version and token come
// from the environment variables that it documents. It speaks nothing but TLS,
// and on port 443 alone: the port has to be set behind its back.
import { createRequire } from "node:module";
import { env, graphError, number, run, texts } from "./driver.mjs";

const base = new URL(env.baseURL);
Object.assign(process.env, {
  WA_BASE_URL: base.hostname,
  CLOUD_API_VERSION: env.version,
  CLOUD_API_ACCESS_TOKEN: env.token,
  WA_PHONE_NUMBER_ID: number,
});
const WhatsApp = createRequire(import.meta.url)("whatsapp");

const clientOf = (id) => {
  const client = new WhatsApp(id);
  client.requester.port = Number(base.port);
  return client;
};
const { messages } = clientOf(number);

await run(
  {
    text: (who) => messages.text({ body: texts.body, preview_url: true }, who.phone),
    template: (who) => messages.template({
      name: env.template.name,
      language: { policy: "deterministic", code: env.template.language },
      components: [{ type: "body", parameters: [{ type: "text", text: "DHL" }] }],
    }, who.phone),
    image_id: (who) => messages.image({ id: env.mediaID, caption: texts.caption }, who.phone),
    image_link: (who) => messages.image({ link: texts.imageLink }, who.phone),
    buttons: (who) => messages.interactive({
      type: "button",
      body: { text: texts.body },
      action: { buttons: texts.buttons.map(([id, title]) => ({ type: "reply", reply: { id, title } })) },
    }, who.phone),
    list: (who) => messages.interactive({
      type: "list",
      body: { text: texts.body },
      action: { button: "Days", sections: [{ title: "This week", rows: texts.rows.map(([id, title]) => ({ id, title })) }] },
    }, who.phone),
    mark_read: (who) => clientOf(who.number).messages.status({ status: "read", message_id: env.messageID }),
    typing: (who) => clientOf(who.number).messages.status({ status: "read", message_id: env.messageID, typing_indicator: { type: "text" } }),
  },
  {
    // It neither throws nor reads: status and body are for the caller.
    answer: async (response) => {
      const answer = await response.responseBodyToJSON();
      const httpStatus = response.statusCode();
      if (answer.error) return { answer, httpStatus, ...graphError(answer.error) };
      return { answer, httpStatus, ok: true, id: answer.messages?.[0]?.id };
    },
    error: (e) => ({ errorMessage: String(e) }),
  },
);
// Its agent keeps connections open.
process.exit(0);
