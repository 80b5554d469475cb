// Light, dark, or as the system has it. `redraw` is called when colours are others:
// canvases do not follow style sheets.
import {$} from './dom.mjs';

const themes = ['auto', 'light', 'dark'];
const html = document.documentElement;

// A file's page may have no storage; then the choice lasts as long as the page.
function stored(value) {
  try {
    if (value) localStorage.setItem('heddle-theme', value);
    return localStorage.getItem('heddle-theme');
  } catch {
    return value;
  }
}

export function startTheme(redraw) {
  const button = $('theme');
  const set = (theme) => {
    html.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    redraw();
  };
  set(themes.includes(stored()) ? stored() : 'auto');
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(html.dataset.theme) + 1) % themes.length];
    stored(next);
    set(next);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}
