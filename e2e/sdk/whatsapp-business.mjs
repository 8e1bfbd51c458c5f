// Driver of whatsapp-business. The base URL is a default of the axios instance
// that the client shows as `restClient.fetch`.
import { createReadStream } from "node:fs";
import FormData from "form-data";
import { WABAClient } from "whatsapp-business";
import { env, graphError, number, run, texts } from "./driver.mjs";

const clientOf = (phoneId) => {
  const client = new WABAClient({ accountId: "1", apiToken: env.token, phoneId });
  client.restClient.fetch.defaults.baseURL = `${env.baseURL}/${env.version}`;
  return client;
};
const client = clientOf(number);
const send = (message) => (who) => client.sendMessage({ to: who.phone, recipient_type: "individual", ...message });

await run(
  {
    text: send({ type: "text", text: { body: texts.body, preview_url: true } }),
    template: send({
      type: "template",
      template: {
        name: env.template.name,
        language: { code: env.template.language, policy: "deterministic" },
        components: [{ type: "body", parameters: [{ type: "text", text: "DHL" }] }],
      },
    }),
    image_id: send({ type: "image", image: { id: env.mediaID, caption: texts.caption } }),
    image_link: send({ type: "image", image: { link: texts.imageLink } }),
    buttons: send({
      type: "interactive",
      interactive: {
        type: "button",
        body: { text: texts.body },
        action: { buttons: texts.buttons.map(([id, title]) => ({ type: "reply", reply: { id, title } })) },
      },
    }),
    list: send({
      type: "interactive",
      interactive: {
        type: "list",
        body: { text: texts.body },
        action: { button: "Days", sections: [{ title: "This week", rows: texts.rows.map(([id, title]) => ({ id, title })) }] },
      },
    }),
    reaction: send({ type: "reaction", reaction: { message_id: env.messageID, emoji: texts.emoji } }),
    both_names: (who) => client.sendMessage({ to: who.bothPhone, recipient: who.userID, type: "text", text: { body: texts.body } }),
    mark_read: (who) => clientOf(who.number).markMessageAsRead(env.messageID),
    upload: (who, contact) => {
      if (contact === "allowed") return client.uploadMedia({ file: env.file, type: "image/jpeg" });
      const form = new FormData();
      form.append("batch", texts.batch);
      form.append("file", createReadStream(env.file));
      return client.restClient.post(`${number}/media`, form, { headers: { "Content-Type": "multipart/form-data" } });
    },
  },
  {
    answer: (answer) => ({ ok: true, id: answer.messages?.[0]?.id ?? answer.id }),
    // It throws the Graph API's error object, with a message of its own.
    error: graphError,
  },
);
