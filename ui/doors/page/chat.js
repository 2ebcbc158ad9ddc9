// The chat page: everything it shows is asked from the server again after a reload, and set as text.

const WISHES = ["A red house and a green tree on grass", "Three yellow stars at night", "A toadstool, as a pencil drawing"];
const OPEN = ["queued", "running"];
const at = (id) => document.getElementById(id);
const name = conversation();
let running = null;

function conversation() {
  const place = new URL(location.href);
  if (!place.searchParams.get("c")) {
    const day = new Date().toISOString().slice(0, 10);
    place.searchParams.set("c", `${day} ${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`);
    history.replaceState(null, "", place);
  }
  return place.searchParams.get("c");
}

function made(tag, words = "", kind = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (kind) element.className = kind;
  return element;
}

// Asking the server

function headers(more = {}) {
  const token = sessionStorage.getItem("token");
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: headers(options.headers) });
  if (answer.status === 401) {
    await unlocked();
    return ask(path, options);
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.error?.message ?? `The server answered ${answer.status}.`);
  }
  return answer;
}

let unlocking = null;

function unlocked() {
  unlocking ??= new Promise((resolve) => {
    at("asking").showModal();
    at("giving").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem("token", at("token").value);
      at("asking").close();
      unlocking = null;
      resolve();
    };
  });
  return unlocking;
}

async function* events(path) {
  const reader = (await ask(path)).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n\n");
    text = whole.pop();
    for (const one of whole) {
      const lines = one.split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
      const kind = lines.find((line) => line.startsWith("event:"))?.slice(6).trim();
      if (data.length) yield { ...JSON.parse(data.join("\n")), kind };
    }
  }
}

// Showing a turn

function shownTurn(words) {
  at("welcome").hidden = true;
  const turn = made("article", "", "turn");
  const parts = { pictures: made("div", "", "pictures"), state: made("div", "", "state"), said: made("p", "", "said") };
  turn.append(made("p", words, "mine"), parts.pictures, parts.state, parts.said);
  at("turns").append(turn);
  turn.scrollIntoView({ block: "end" });
  return parts;
}

async function source(pictureId) {
  const file = await (await ask(`/images/${encodeURIComponent(pictureId)}`)).blob();
  return URL.createObjectURL(file);
}

async function showPicture(parts, picture) {
  const figure = made("figure"), image = made("img"), caption = made("figcaption");
  image.alt = `Picture ${picture.number}: ${picture.prompt}`;
  image.width = picture.width;
  image.height = picture.height;
  image.style.height = "auto";
  caption.append(made("strong", `${picture.number}`), ` ${picture.prompt}`, why(picture));
  figure.append(image, caption);
  parts.pictures.append(figure);
  image.src = await source(picture.picture_id);
  image.onclick = () => {
    at("larger").src = image.src;
    at("larger").alt = image.alt;
    at("large").showModal();
  };
}

function why(picture) {
  const details = made("details");
  const facts = [
    ...picture.why,
    ...Object.entries(picture.changed).map(([field, [before, after]]) => `${field}: ${text(before)} → ${text(after)}`),
    ...picture.kept.map((thing) => `kept ${thing}`),
    ...picture.only.map((thing) => `changed only ${thing}`),
    `seed ${picture.seed}, ${picture.width}×${picture.height}, ${picture.num_inference_steps} steps of ${picture.scheduler}, guidance ${picture.guidance_scale}`,
    ...picture.loras.map((lora) => `LoRA ${lora.name} at ${lora.weight}`),
  ];
  details.append(made("summary", "Why"), ...facts.map((fact) => made("p", fact)));
  return details;
}

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function showEnd(parts, turn) {
  parts.state.replaceChildren();
  parts.growing?.remove();
  const problem = turn.problem || (turn.state === "cancelled" ? "Stopped." : "");
  parts.said.textContent = problem || turn.said;
  parts.said.classList.toggle("problem", Boolean(problem));
}

function showProgress(parts, { done, total }) {
  const bar = parts.bar ?? made("progress");
  bar.value = done;
  bar.max = total;
  if (!parts.bar) parts.state.replaceChildren(bar);
  parts.bar = bar;
}

function showPreview(parts, { image }) {
  if (!parts.growing) {
    parts.growing = made("figure");
    parts.growing.append(made("img", "", "growing"));
    parts.pictures.append(parts.growing);
  }
  const kind = image.startsWith("/9j/") ? "jpeg" : "png";
  parts.growing.firstChild.src = `data:image/${kind};base64,${image}`;
}

async function showPictures(parts, pictures = []) {
  parts.growing?.remove();
  parts.growing = null;
  for (const picture of pictures) await showPicture(parts, picture);
}

// Following a job until it ends, over broken connections

async function follow(jobId, parts) {
  busy(jobId);
  parts.state.replaceChildren("Waiting …");
  const pieces = new Map(), drawn = new Set();
  for (let ended = false; !ended; ) {
    try {
      for await (const event of events(`/v1/jobs/${jobId}/events`)) {
        ended = await shown(parts, event, pieces, drawn);
      }
    } catch (broken) {
      parts.state.replaceChildren(`${broken.message} Trying again …`);
    }
    if (!ended) await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  busy(null);
  listTalks();
}

async function shown(parts, event, pieces, drawn) {
  switch (event.kind) {
    case "called":
      parts.bar = null;
      parts.state.replaceChildren(`${event.name} …`);
      break;
    case "progressed":
      showProgress(parts, event);
      break;
    case "previewed":
      showPreview(parts, event);
      break;
    case "said":
      pieces.set(event.id, event.whole ? event.text : (pieces.get(event.id) ?? "") + event.text);
      parts.said.textContent = [...pieces.values()].filter(Boolean).join("\n\n");
      break;
    case "returned":
      parts.bar = null;
      parts.state.replaceChildren();
      if (!drawn.has(event.id)) await showPictures(parts, event.result.pictures);
      drawn.add(event.id);
      break;
    case "failed":
      showEnd(parts, { problem: event.problem });
      break;
    case "end":
      showEnd(parts, { ...event.result, state: event.state, said: parts.said.textContent || event.result?.said });
      scrollTo(0, document.body.scrollHeight);
      return true;
  }
  return false;
}

function busy(jobId) {
  running = jobId;
  at("stop").hidden = !jobId;
  at("send").disabled = Boolean(jobId);
}

// The page

async function listTalks() {
  const talks = await (await ask("/v1/conversations")).json();
  const names = [...new Set([name, ...talks.map((talk) => talk.name)])];
  at("talks").replaceChildren(...names.map((one) => new Option(one, one, false, one === name)));
}

async function load() {
  for (const wish of WISHES) {
    const button = made("button", wish);
    button.onclick = () => say(wish);
    const item = made("li");
    item.append(button);
    at("wishes").append(item);
  }
  const talk = await (await ask(`/v1/conversations/${encodeURIComponent(name)}`)).json();
  listTalks();
  for (const turn of talk.turns) {
    const parts = shownTurn(turn.words);
    if (OPEN.includes(turn.state)) {
      await follow(turn.job_id, parts);
    } else {
      await showPictures(parts, turn.pictures);
      showEnd(parts, turn);
    }
  }
  scrollTo(0, document.body.scrollHeight);
}

async function say(words) {
  if (running || !words.trim()) return;
  const parts = shownTurn(words);
  try {
    const asked = await ask(`/v1/conversations/${encodeURIComponent(name)}/turns`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": `${crypto.getRandomValues(new Uint32Array(4)).join("-")}` },
      body: JSON.stringify({ words, previews: true }),
    });
    await follow((await asked.json()).id, parts);
  } catch (failed) {
    showEnd(parts, { problem: failed.message });
    busy(null);
  }
}

at("say").onsubmit = (event) => {
  event.preventDefault();
  const words = at("words").value;
  if (running) return;
  at("words").value = "";
  say(words);
};
at("words").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("say").requestSubmit();
  }
};
at("stop").onclick = () => running && ask(`/v1/jobs/${running}/cancel`, { method: "POST" });
at("talks").onchange = (event) => {
  location.search = new URLSearchParams({ c: event.target.value });
};
at("large").onclick = () => at("large").close();

load().catch((failed) => showEnd(shownTurn(""), { problem: failed.message }));
