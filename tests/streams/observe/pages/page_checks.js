// Run in the page by tests: what is too pale to read (WCAG 2.1 AA), and what can be scrolled sideways.
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const contrast = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const pale = [];
  let checked = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("[disabled], noscript, script")) continue;
    checked += 1;
    const found = contrast(rgba(getComputedStyle(element).color), behind(element));
    if (found < 4.5) pale.push(`${texts.currentNode.data.trim().slice(0, 40)}: ${found.toFixed(2)}`);
  }
  // What marks a control or a bar off from what is around it needs 3 : 1.
  for (const element of document.querySelectorAll("button:not([disabled]), input, select, .meter")) {
    if (!element.checkVisibility() || element.type === "range" || element.type === "checkbox") continue;
    checked += 1;
    const found = contrast(rgba(getComputedStyle(element).borderTopColor), behind(element.parentElement));
    if (found < 3) pale.push(`edge of ${element.id || element.className || element.tagName}: ${found.toFixed(2)}`);
  }
  for (const element of document.querySelectorAll(".meter > div")) {
    checked += 1;
    const found = contrast(rgba(getComputedStyle(element).backgroundColor), rgba(getComputedStyle(element.parentElement).backgroundColor));
    if (found < 3) pale.push(`bar: ${found.toFixed(2)}`);
  }
  const wide = [...document.querySelectorAll("body *")].filter((element) => !element.closest(".unseen, thead, caption") && element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 80));
  // A cell that is squeezed until it stands one letter under the other fits, and cannot be read.
  const squeezed = [...document.querySelectorAll("td")].filter((cell) => cell.checkVisibility() && cell.textContent.length > 8 && cell.getBoundingClientRect().width < 60).map((cell) => cell.textContent);
  return { pale, checked, wide, squeezed, sideways: document.documentElement.scrollWidth > innerWidth };
})()
