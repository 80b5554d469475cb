// Makes elements. Text is always text, never markup: subjects of commits are
// others' words.
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

// A group of radio buttons, one of which is chosen; `changed` is told its value.
export function choices(fieldset, name, values, chosen, changed) {
  fieldset.append(...Object.entries(values).map(([value, text]) => h('label', {},
    h('input', {type: 'radio', name, value, checked: value === chosen, onchange: () => changed(value)}), h('span', {}, text))));
}
