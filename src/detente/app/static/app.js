// The page as it comes from the server works without this script; the script replaces its parts
// while a slider moves. It keeps no state: the form is the state, and the address repeats it.

const SPEAK = 700; // milliseconds after which a new answer is read out
const REST = 500; // milliseconds without a move after which the band is asked for
const SLOW = 250; // milliseconds after which waiting shows

const byId = (id) => document.getElementById(id);
document.documentElement.classList.add("js");

let soon = 0;
let speaking = 0;
let resting = 0;
let moves = 0; // what the person did, a slider's way from rest to rest being one thing
let moved = -Infinity; // when a slider last moved
let entered = 0; // which move the newest entry of the history is of
let asking = false;
let next = null; // the newest question, while the answer to an older one is on its way

// ---------------------------------------------------------------------------------------- sliders

function worded(pattern, value) {
  return pattern.replace("#", value).replace("@", (value / 100).toFixed(2));
}

function show(slider) {
  const output = byId(`${slider.id}-out`);
  if (output) output.textContent = worded(output.dataset.unit, slider.value);
  slider.setAttribute("aria-valuetext", worded(slider.dataset.spoken, slider.value));
}

// A slider of a group takes along the measures that stand where the group stood.
function moveGroup(slider) {
  const was = byId(`${slider.id}-was`);
  if (!was) return;
  const single = byId(`${slider.id}-single`);
  for (const member of single ? single.querySelectorAll("input[type=range]") : []) {
    if (member.value === was.value) {
      member.value = slider.value;
      show(member);
    }
  }
  was.value = slider.value;
}

// ------------------------------------------------------------------------------ asking the server

function fields(submitter) {
  return new URLSearchParams(new FormData(byId("controls"), submitter));
}

// Asks once the browser has done what the event stands for.
function after(submitter, relay = false) {
  clearTimeout(soon);
  moves += 1;
  soon = setTimeout(() => ask(fields(submitter), { relay }));
}

// One question at a time, so that a slider on the move is followed as fast as the server answers.
async function ask(query, { relay = false, back = false } = {}) {
  next = { query, relay, back, move: moves };
  clearTimeout(resting);
  if (asking) return;
  asking = true;
  while (next) {
    const question = next;
    next = null;
    await answer(question);
  }
  asking = false;
  rest();
}

// Draws take seconds: they are asked for once nothing moves, those of channels once they are in
// sight, and dropped if something did since.
function rest() {
  clearTimeout(resting);
  const { query, awaited } = byId("answer").dataset;
  if (awaited !== undefined) resting = setTimeout(() => layBands(query), REST);
}

async function layBands(query, bands = "first") {
  try {
    const { shape } = byId("controls").dataset;
    const since = moves;
    const response = await fetch(`/part?${query}&bands=${bands}&shape=${shape}`);
    const text = await response.text();
    if (!response.ok || asking || moves !== since || byId("answer").dataset.query !== query) return;
    lay(text);
    inSight.disconnect();
    if (bands === "first" && byId("why")?.dataset.draws !== undefined) inSight.observe(byId("why"));
  } catch {
    // The answer without its band stays.
  }
}

const inSight = new IntersectionObserver((seen) => {
  if (seen.some((part) => part.isIntersecting)) {
    inSight.disconnect();
    layBands(byId("answer").dataset.query, "on");
  }
});

async function answer({ query, ...how }) {
  const slow = setTimeout(() => byId("results").setAttribute("aria-busy", "true"), SLOW);
  try {
    // Controls that are laid already need not be sent again.
    const laid = how.relay ? "" : `&shape=${byId("controls").dataset.shape}`;
    const response = await fetch(`/part?${query}${laid}`);
    const text = await response.text();
    if (response.ok) lay(text, how);
    trouble(response.ok ? "" : text);
  } catch {
    trouble("The page cannot reach detente on this computer. What you see is from before.");
  } finally {
    clearTimeout(slow);
    byId("results").removeAttribute("aria-busy");
  }
}

function trouble(words) {
  byId("trouble").textContent = words;
}

// -------------------------------------------------------------------------------- laying out parts

function lay(text, { relay = false, back = false, move = entered } = {}) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const focus = document.activeElement?.id;
  const form = fresh.getElementById("controls");
  replace("masthead", fresh);
  replace("answer", fresh);
  replace("results", fresh, !back && document.activeElement);
  document.title = byId("masthead").dataset.title;
  // What was entered since the question stays, until the answer to that.
  if (!next && (relay || form.dataset.shape !== byId("controls").dataset.shape)) {
    replace("controls", fresh);
    replace("story", fresh);
    worded_sliders();
  }
  if (focus && document.activeElement?.id !== focus) refocus(focus);
  remember(back ? entered : move);
  speak();
}

// ---------------------------------------------------------------------------------------- history

// Every move becomes one entry, so that Back undoes it whole and not a step of it.
function remember(move) {
  const address = `/?${byId("answer").dataset.query}`;
  if (address !== location.pathname + location.search) {
    history[move === entered ? "replaceState" : "pushState"](null, "", address);
  }
  entered = move;
}

// -------------------------------------------------------------------------------------- replacing

// Replaces an element; folds stay open, and tables stay scrolled, as they were. A field that a
// person is in stays itself, with what was typed or chosen in it and has not been asked yet.
function replace(id, fresh, field) {
  const old = byId(id);
  const made = document.adoptNode(fresh.getElementById(id));
  for (const fold of old.querySelectorAll("details[id]")) {
    const same = made.querySelector(`#${CSS.escape(fold.id)}`);
    if (same) same.open = fold.open;
  }
  const scrolled = [...old.querySelectorAll(".scroll[id]")].filter((x) => x.scrollLeft);
  const places = scrolled.map((x) => [x.id, x.scrollLeft]);
  const twin = field && old.contains(field) && field.form && field.id && made.querySelector(`#${CSS.escape(field.id)}`);
  if (twin) replaceAround(field, old, twin, made);
  else old.replaceWith(made);
  for (const [place, left] of places) {
    const same = byId(place);
    if (same) same.scrollLeft = left;
  }
}

// Replaces all of an element's content but one field, which is not even moved: a browser takes the
// focus, and closes the list of a select, as soon as it leaves the document.
function replaceAround(field, old, twin, made) {
  if (old === field) return;
  const kept = [...old.childNodes].find((x) => x.contains(field));
  const leading = [...made.childNodes].find((x) => x.contains(twin));
  const parts = [...made.childNodes];
  const at = parts.indexOf(leading);
  for (const part of [...old.childNodes]) if (part !== kept) part.remove();
  kept.before(...parts.slice(0, at));
  kept.after(...parts.slice(at + 1));
  replaceAround(field, kept, twin, leading);
}

// What had the focus may be gone, such as the button that removed a row: stay near.
function refocus(id) {
  const near = byId(id) ?? byId(`${id.slice(0, 1)}-add`) ?? byId("compare");
  near?.focus({ preventScroll: true });
}

function speak() {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    const words = [...document.querySelectorAll("#answer .headline, #answer .trouble")];
    const spoken = words.map((x) => x.textContent.trim()).join(" ");
    if (byId("status").textContent !== spoken) byId("status").textContent = spoken;
  }, SPEAK);
}

function worded_sliders() {
  for (const slider of document.querySelectorAll("input[type=range]")) show(slider);
}

// ------------------------------------------------------------------------------------ opening files

const MOST = 256 * 1024;

async function open(input) {
  const [file] = input.files;
  const panel = input.dataset.panel;
  const told = byId(`${panel}-file-trouble`);
  told.textContent = "";
  if (!file) return;
  try {
    if (file.size > MOST) {
      told.textContent = "Files are at most 256 kB.";
      return;
    }
    const headers = { "Content-Type": "application/yaml" };
    const response = await fetch(`/open?name=${encodeURIComponent(file.name)}`, { method: "POST", body: await file.arrayBuffer(), headers });
    const found = await response.json();
    if (!response.ok) {
      told.textContent = found.problem;
      return;
    }
    const query = fields();
    for (const key of [...query.keys()]) if (key.startsWith(`${panel}.`)) query.delete(key);
    query.set(`${panel}.start`, "own");
    query.set(`${panel}.own`, found.own);
    moves += 1;
    await ask(query, { relay: true });
  } catch {
    told.textContent = "The page cannot reach detente on this computer.";
  } finally {
    input.value = ""; // so that the same file can be opened again once it is mended
  }
}

async function copyLink(button) {
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copy it from the address bar";
  }
  byId("status").textContent = button.textContent;
}

// ------------------------------------------------------------------------------------------ events

document.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  if (event.timeStamp - moved > REST) moves += 1;
  moved = event.timeStamp;
  show(event.target);
  moveGroup(event.target);
  ask(fields());
});
document.addEventListener("change", (event) => {
  if (event.target.type === "file") open(event.target);
  else if (event.target.type !== "range" && event.target.form) after();
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  after(event.submitter, true);
});
document.addEventListener("click", (event) => {
  if (event.target.id === "copy") copyLink(event.target);
});
// Back and Forward: the page as it was there, its controls as well.
window.addEventListener("popstate", () => {
  const query = location.search.slice(1);
  if (query !== byId("answer").dataset.query) ask(query, { relay: true, back: true });
});
window.addEventListener("online", () => after());

worded_sliders();
remember(entered); // the address that was asked for, written out
rest();
