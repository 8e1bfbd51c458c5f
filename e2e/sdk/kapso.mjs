// Driver of @kapso/whatsapp-cloud-api. The base URL is a documented option.
import { readFileSync } from "node:fs";
import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { env, number, run, texts } from "./driver.mjs";

const client = new WhatsAppClient({ accessToken: env.token, baseUrl: env.baseURL, graphVersion: env.version });
const { messages, media } = client;
const from = (who) => ({ phoneNumberId: number, to: who.phone });

await run(
  {
    text: (who) => messages.sendText({ ...from(who), body: texts.body, previewUrl: true }),
    template: (who) => messages.sendTemplate({
      ...from(who),
      template: {
        name: env.template.name,
        language: { code: env.template.language },
        components: [{ type: "body", parameters: [{ type: "text", text: "DHL" }] }],
      },
    }),
    image_id: (who) => messages.sendImage({ ...from(who), image: { id: env.mediaID, caption: texts.caption } }),
    image_link: (who) => messages.sendImage({ ...from(who), image: { link: texts.imageLink } }),
    buttons: (who) => messages.sendInteractiveButtons({
      ...from(who),
      bodyText: texts.body,
      buttons: texts.buttons.map(([id, title]) => ({ id, title })),
    }),
    list: (who) => messages.sendInteractiveList({
      ...from(who),
      bodyText: texts.body,
      buttonText: "Days",
      sections: [{ title: "This week", rows: texts.rows.map(([id, title]) => ({ id, title })) }],
    }),
    reaction: (who) => messages.sendReaction({ ...from(who), reaction: { messageId: env.messageID, emoji: texts.emoji } }),
    both_names: (who) => messages.sendText({ phoneNumberId: number, to: who.bothPhone, recipient: who.userID, body: texts.body }),
    mark_read: (who) => messages.markRead({ phoneNumberId: who.number, messageId: env.messageID }),
    typing: (who) => messages.markRead({ phoneNumberId: who.number, messageId: env.messageID, typingIndicator: { type: "text" } }),
    upload: (who, contact) => {
      const file = new Blob([readFileSync(env.file)], { type: "image/jpeg" });
      if (contact === "allowed") return media.upload({ phoneNumberId: number, type: "image/jpeg", file, fileName: "parcel.jpg" });
      const form = new FormData();
      form.set("messaging_product", "whatsapp");
      form.set("batch", texts.batch);
      form.set("file", file, "parcel.jpg");
      return client.request("POST", `${number}/media`, { body: form, responseType: "json" });
    },
  },
  {
    answer: (answer) => ({ ok: true, id: answer.messages?.[0]?.id ?? answer.id }),
    error: (e) => ({ errorCode: e.code, errorMessage: e.message, errorDetails: e.details, httpStatus: e.httpStatus }),
  },
);
