// What is asked of a page inside the browser. Each function is sent there as its text: it may use nothing from here.

/** What is wrong with how the page is laid out: sideways scroll, cut words, words over words. */
export function layout() {
  const wrongs = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  const name = (element) => {
    const path = [];
    for (let at = element; at && at !== document.body && path.length < 4; at = at.parentElement) {
      path.unshift(at.tagName.toLowerCase() + (at.id ? `#${at.id}` : "") + (at.classList.length ? `.${[...at.classList].join(".")}` : ""));
    }
    return path.join(" > ");
  };
  const hidden = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.clipPath !== "none" || style.visibility === "hidden") return true;
      if (style.position === "absolute" && at.getBoundingClientRect().right < 0) return true;
    }
    return !element.checkVisibility();
  };
  if (root.scrollWidth > width) {
    const wide = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width + 0.5 && !hidden(one));
    wrongs.push(`scrolls sideways: ${root.scrollWidth} px in ${width}: ${wide.slice(-3).map(name).join(", ")}`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg")) continue;
    const style = getComputedStyle(element);
    const cuts = [style.overflowX, style.overflowY].some((value) => value === "hidden" || value === "clip");
    const margin = parseFloat(style.overflowClipMargin) || 0;
    if (cuts && (element.scrollWidth > element.clientWidth + 1 + margin || element.scrollHeight > element.clientHeight + 1 + margin)
      && element.textContent.trim() && !hidden(element)) wrongs.push(`cuts words: ${name(element)}: ${element.textContent.trim().slice(0, 40)}`);
    const scrolls = style.overflowX === "auto" || style.overflowX === "scroll";
    if (scrolls && element.scrollWidth > element.clientWidth + 1 && element.tabIndex < 0 && !element.querySelector("a, button")) {
      wrongs.push(`scrolls sideways out of the keyboard's reach: ${name(element)}`);
    }
  }
  // Words over words: the middles of the boxes of different texts may not meet.
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    const parent = node.parentElement;
    if (!text || parent.closest("script, style, option, title, template") || hidden(parent)) continue;
    range.selectNodeContents(node);
    const svg = parent.closest("svg")?.getBoundingClientRect();
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      if (svg && (box.left < svg.left - 1 || box.right > svg.right + 1 || box.top < svg.top - 2 || box.bottom > svg.bottom + 2)) {
        wrongs.push(`words leave their drawing: ${name(parent)}: ${text.slice(0, 40)}`);
      }
      if (!svg && !parent.closest(".scroll, pre") && (box.right > width + 1 || box.left < -1)) {
        wrongs.push(`words leave the window: ${name(parent)}: ${text.slice(0, 40)}`);
      }
      const slack = box.height * 0.27;
      boxes.push({ node, parent, text, left: box.left + 1, right: box.right - 1, top: box.top + slack, bottom: box.bottom - slack });
    }
  }
  boxes.sort((one, other) => one.top - other.top);
  const met = new Set();
  for (let i = 0; i < boxes.length; i += 1) {
    for (let j = i + 1; j < boxes.length && boxes[j].top < boxes[i].bottom; j += 1) {
      const [one, other] = [boxes[i], boxes[j]];
      if (one.node === other.node || one.left >= other.right || other.left >= one.right) continue;
      const said = `words over words: ${name(one.parent)} “${one.text.slice(0, 25)}” and ${name(other.parent)} “${other.text.slice(0, 25)}”`;
      if (!met.has(said)) wrongs.push(said);
      met.add(said);
    }
  }
  return [...new Set(wrongs)].slice(0, 12);
}

/** Whether anything of the page came out of the ledger's text as more than text. */
export function inert() {
  const wrongs = [];
  const own = (address) => new URL(address, document.baseURI).origin === location.origin;
  for (const element of document.querySelectorAll("*")) {
    const tag = element.tagName.toLowerCase();
    if (/^(iframe|object|embed|base|math|image|foreignobject|frame|video|audio|img|input-x)$/.test(tag)) wrongs.push(`<${tag}>`);
    if (tag === "script" && !(element.src && own(element.src))) wrongs.push(`<script> ${element.textContent.slice(0, 40)}`);
    if (tag === "style" || element.hasAttribute("style")) wrongs.push(`style of ${tag}`);
    if (tag === "link" && !own(element.href)) wrongs.push(`<link ${element.href}>`);
    if (tag === "form" && !own(element.action)) wrongs.push(`<form ${element.action}>`);
    if (tag === "meta" && /refresh/i.test(element.httpEquiv)) wrongs.push("<meta refresh>");
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name) || name === "srcdoc" || name === "autofocus" || name === "ping") wrongs.push(`${tag} ${name}`);
      if (/^(href|src|action|formaction|xlink:href)$/i.test(name) && /^\s*(javascript|data|vbscript):/i.test(value)) wrongs.push(`${tag} ${name}=${value.slice(0, 40)}`);
    }
    if (tag === "a" && element.href && !own(element.href) && !/\bnoopener\b|\bnoreferrer\b/.test(element.rel)) wrongs.push(`a link away without rel: ${element.href.slice(0, 60)}`);
  }
  return [...new Set(wrongs), ...(globalThis.violations ?? [])];
}

/** Words from right to left that could turn our own words around: not in an element that isolates them. */
export function loose() {
  const wrongs = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!/[\u0590-\u08ff]/.test(node.data)) continue;
    const alone = [...walkUp(node.parentElement)].some((element) => {
      const style = getComputedStyle(element);
      if (/isolate|plaintext/.test(style.unicodeBidi)) return true;
      return element.hasAttribute("dir") && style.display !== "inline";
    });
    if (!alone) wrongs.push(`${node.parentElement.tagName.toLowerCase()}.${node.parentElement.className.baseVal ?? node.parentElement.className}: ${node.data.trim().slice(0, 30)}`);
  }
  return wrongs;
  function* walkUp(from) {
    for (let at = from; at && at !== document.body; at = at.parentElement) {
      yield at;
      if (!/inline/.test(getComputedStyle(at).display)) return;
    }
  }
}

/** What the keyboard should reach, in the order in which it is looked at, and what has the focus now. */
export function controls() {
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  return all.filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility()).length;
}
export function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  globalThis.known ??= new Map();
  const seen = globalThis.known.has(element);
  if (!seen) globalThis.known.set(element, globalThis.known.size);
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    seen, count: globalThis.known.size, name: `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 30)}`,
    visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight && box.width > 0,
  };
}

/** The words of the page as they are read. */
export function words() {
  return document.querySelector("main").innerText.replace(/\s+/g, " ").trim();
}
