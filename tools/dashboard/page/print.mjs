// On paper everything is light, and charts have the paper's columns.
const html = document.documentElement;

export function startPrint(redraw) {
  let theme;
  addEventListener('beforeprint', () => {
    theme = html.dataset.theme;
    html.dataset.theme = 'light';
    html.dataset.print = '';
    redraw();
  });
  addEventListener('afterprint', () => {
    html.dataset.theme = theme;
    delete html.dataset.print;
    redraw();
  });
}
