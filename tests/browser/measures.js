// What a test measures of the page as it is drawn; each function answers with complaints. An expression, not a module.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)].filter((node) =>
    node.checkVisibility({ visibilityProperty: true }) && !node.closest(".visually-hidden, [inert], svg.symbols"));
  const name = (node) => `${node.tagName} #${node.id} .${node.getAttribute("class")} ${node.textContent.trim().slice(0, 30)}`;

  const MAIN = "#enter, #leave, #invite, #people-toggle, #menu-toggle, #composer button, #message, #name, #room, #jump";

  /** WCAG 2.5.8 asks for 24 px, but for links within a text; what one needs to talk is as large as a finger. */
  function targets() {
    return all("a, button, input, select, textarea, summary").flatMap((node) => {
      if (node.matches(".content a")) return [];
      const area = node.closest(".box, .composer, .language") && !node.matches("button") ? node.closest(".box, .composer, .language") : node;
      const { width, height } = area.getBoundingClientRect();
      const wanted = node.matches(MAIN) ? 44 : 24;
      return Math.min(width, height) < wanted - 0.01 ? [`${name(node)}: ${width} x ${height}, not ${wanted}`] : [];
    });
  }

  /** Nothing lies beyond the edges, and nothing is cut off but names that end in an ellipsis. */
  function flow() {
    const isSideways = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
    const found = isSideways(document.documentElement) ? ["the page scrolls sideways"] : [];
    for (const node of all("body *")) {
      const { left, right, width, height } = node.getBoundingClientRect();
      const { overflowX, overflowY, textOverflow } = getComputedStyle(node);
      if (width * height === 0 || node.closest("option")) continue;
      if (left < -0.5 || right > innerWidth + 0.5) found.push(`${name(node)} lies from ${left} to ${right}`);
      if (textOverflow === "ellipsis" || node.matches("input, select, svg, svg *")) continue;
      if (overflowX !== "visible" && isSideways(node)) found.push(`${name(node)} is cut or scrolls sideways`);
      const isCut = ["hidden", "clip"].includes(overflowY) && node.scrollHeight > node.clientHeight + 2;
      if (isCut) found.push(`${name(node)} is ${node.clientHeight} high, not ${node.scrollHeight}`);
    }
    return found;
  }

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  }
  function luminance(colour) {
    const [r, g, b] = [...rgba(colour)].map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ratio(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  }
  function behind(node) {
    for (let at = node; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgba(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "Canvas";
  }

  /** Of all text that is seen: what is hidden from screen readers, and so from axe, too. */
  function contrast() {
    const isText = (node) => [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim() !== "");
    const texts = all("body *").filter((node) => isText(node) && !node.closest(":disabled, option, svg"));
    const hints = all("[placeholder]").map((node) => [node, getComputedStyle(node, "::placeholder")]);
    return [...texts.map((node) => [node, getComputedStyle(node)]), ...hints].flatMap(([node, style]) => {
      const size = parseFloat(style.fontSize);
      const wanted = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
      const found = ratio(style.color, behind(node));
      return found < wanted ? [`${name(node)}: ${style.color} on ${behind(node)} is ${found.toFixed(2)}`] : [];
    });
  }

  /** Pairs of tokens, and what is wanted of them. */
  function tokens(pairs) {
    const { style } = document.body;
    const value = (token) => {
      style.setProperty("outline-color", `var(--${token})`);
      return getComputedStyle(document.body).outlineColor;
    };
    const found = pairs.flatMap(([one, other, wanted]) => {
      const is = ratio(value(one), value(other));
      return is < wanted ? [`${one} on ${other} is ${is.toFixed(2)}, not ${wanted}`] : [];
    });
    style.removeProperty("outline-color");
    return found;
  }

  /** What moves although nobody wants it to. */
  function still() {
    const running = document.getAnimations().filter(({ playState, effect }) => playState === "running" && effect.getTiming().duration > 1);
    const gliding = all("*").filter((node) => getComputedStyle(node).scrollBehavior === "smooth");
    return [...running.map(({ effect }) => effect.target), ...gliding].map(name);
  }

  /** The text spacing of WCAG 1.4.12. */
  function widen() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
      p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
    return [];
  }

  return { targets, flow, contrast, tokens, still, widen };
})()
