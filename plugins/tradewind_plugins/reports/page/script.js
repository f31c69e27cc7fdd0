"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.querySelector(".theme");
  const isDark = () => {
    const set = root.dataset.theme;
    return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const label = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  try { const kept = localStorage.getItem("tradewind-theme"); if (kept) root.dataset.theme = kept; } catch { /* blocked */ }
  theme.hidden = false;
  label();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("tradewind-theme", root.dataset.theme); } catch { /* blocked */ }
    label();
  });

  for (const button of document.querySelectorAll(".scale")) {
    button.addEventListener("click", () => {
      const linear = button.closest("figure").classList.toggle("linear");
      button.setAttribute("aria-pressed", String(linear));
      button.textContent = linear ? "log scale" : "linear scale";
    });
  }

  const number = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const whole = number(0), two = number(2);
  const text = (value, unit) => {
    if (value === null) return "n/a";
    if (unit === "fraction") return two.format(value * 100) + "%";
    return unit === "cash" || unit === "count" ? whole.format(value) : two.format(value);
  };
  const time = (data, at) => {
    if (data.t) return data.t[at];
    if (data.d) return new Date(data.d[at] * 864e5).toISOString().slice(0, 10);
    return new Date(data.m[at] * 6e4).toISOString().slice(0, 16).replace("T", " ");
  };
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle; else high = middle;
    }
    return x - xs[low] < xs[high] - x ? low : high;
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const cross = plot.querySelector(".cross"), tip = plot.querySelector(".tip");
    let data = null, at = -1;
    const hide = () => { cross.hidden = tip.hidden = true; };
    const show = (next) => {
      data ??= JSON.parse(plot.dataset.tip);
      at = Math.max(0, Math.min(data.x.length - 1, next));
      tip.replaceChildren();
      const head = document.createElement("b");
      head.textContent = time(data, at) + (data.g ? ", " + data.names[data.g[at]] : "");
      tip.append(head);
      for (const one of data.s) {
        if (data.s.length > 5 && !one.v[at]) continue;
        const row = document.createElement("div"), key = document.createElement("i"), value = document.createElement("span");
        key.className = "key " + one.c;
        value.textContent = text(one.v[at], one.u);
        row.append(key, one.n, value);
        tip.append(row);
      }
      cross.hidden = tip.hidden = false;
      const left = data.x[at] / 1000 * plot.clientWidth;
      cross.style.left = left + "px";
      const room = plot.clientWidth - tip.offsetWidth;
      const wanted = left < plot.clientWidth / 2 ? left + 12 : left - tip.offsetWidth - 12;
      tip.style.left = Math.max(-40, Math.min(room, wanted)) + "px";
    };
    const point = (event) => {
      data ??= JSON.parse(plot.dataset.tip);
      const box = plot.getBoundingClientRect();
      show(nearest(data.x, (event.clientX - box.left) / box.width * 1000));
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      show(at + step);
    });
  }
})();
