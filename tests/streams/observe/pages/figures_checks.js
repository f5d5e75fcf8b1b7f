// Run in a page by tests: which figures and words of headings stand in more than one line, and whether
// the page is wider than the screen.
(() => {
  const broken = [];
  let checked = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = (range) => new Set([...range.getClientRects()].filter((one) => one.width > 0).map((one) => Math.round(one.top))).size;
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const element = node.parentElement;
    // The charts are a library's, drawn as pictures; heads of tables that became cards are out of sight.
    if (!element.checkVisibility() || element.closest("script, style, noscript, svg, .unseen")) continue;
    const head = element.closest("thead, caption");
    if (head && getComputedStyle(head).position === "absolute") continue;
    const heading = element.closest("h1, h2, h3, th, caption, dt");
    // A unit belongs to its figure, as in 5.97 %; a name may break behind a hyphen.  A digest is one.
    const figures = /[0-9a-f]{16,}|(?:(?<!\w)[+−-])?\$?\d[\d.,:]*(?: ?[%×](?=\s|$))?/g;
    for (const found of [...node.data.matchAll(figures), ...(heading ? node.data.matchAll(/[^\s-]+/g) : [])]) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      checked += 1;
      if (lines(range) > 1) broken.push(`${element.tagName}.${element.className}: ${found[0]}`);
    }
  }
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return { broken, checked, wide };
})()
