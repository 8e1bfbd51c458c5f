// What the drivers of the SDKs share: the people and ids, which come from the
// environment, and the loop that runs the operations and prints what the SDK
// made of each.

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: sdk_test.go runs this driver`);
  return value;
};

export const env = {
  baseURL: need("SDK_BASE_URL"),
  token: need("SDK_TOKEN"),
  version: need("SDK_VERSION"),
  mediaID: need("SDK_MEDIA_ID"),
  messageID: need("SDK_MESSAGE_ID"),
  file: need("SDK_FILE"),
  template: { name: need("SDK_TEMPLATE"), language: need("SDK_LANGUAGE") },
};

// An allowed contact has an open window and an opt-in, and `userID` is that
// same person's. The refused one has neither; its user id is a stranger's beside
// the allowed phone number. `number` is the business number to send from where an
// operation names no contact: the gateway doesn't serve the refused one.
const contacts = {
  allowed: { phone: need("SDK_ALLOWED"), bothPhone: need("SDK_ALLOWED"), userID: need("SDK_USER_ID"), number: need("SDK_NUMBER") },
  refused: { phone: need("SDK_REFUSED"), bothPhone: need("SDK_ALLOWED"), userID: need("SDK_STRANGER_ID"), number: need("SDK_OTHER_NUMBER") },
};

export const number = contacts.allowed.number;

export const texts = {
  body: "Grüße – your parcel is here 📦",
  imageLink: "https://example.com/parcel.jpg?size=2&lang=de",
  caption: "The parcel",
  buttons: [["yes", "Yes"], ["no", "No"]],
  rows: [["mo", "Monday"], ["tu", "Tuesday"]],
  emoji: "👍",
  // A batch inside an upload would send a message to the refused contact.
  batch: JSON.stringify([
    { method: "POST", relative_url: `${number}/messages`, body: `messaging_product=whatsapp&to=${encodeURIComponent(contacts.refused.phone)}&text={"body":"x"}` },
  ]),
};

// run performs every operation for the allowed contact and for the refused one.
// An operation resolves to what the SDK answers; read tells what a user of the
// SDK gets from it, or from what it threw: {ok, id, errorCode, errorMessage,
// errorDetails, httpStatus}.
export async function run(operations, read) {
  for (const [op, perform] of Object.entries(operations)) {
    for (const [contact, who] of Object.entries(contacts)) {
      let line;
      try {
        const answer = await perform(who, contact);
        line = { answer, ...(await read.answer(answer)) };
      } catch (thrown) {
        line = { ok: false, ...(await read.error(thrown)) };
      }
      console.log(JSON.stringify({ op, contact, ...line }));
    }
  }
}

// graphError is what an error object of the Graph API says.
export const graphError = (error) => ({
  ok: false,
  errorCode: error.code,
  errorMessage: error.message,
  errorDetails: error.error_data?.details,
});
