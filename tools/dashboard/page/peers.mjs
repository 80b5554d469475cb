// How heddle and its peers look, everywhere on the page: colours that are told apart by
// the colour-blind (Okabe and Ito's, as style variables), and a dash of their own
// for those who see none.
const looks = {
  go: {colour: '--go', dash: [6, 3]},
  boost_fiber: {colour: '--boost', dash: [2, 2]},
  onetbb: {colour: '--tbb', dash: [8, 3, 2, 3]},
};

export const heddle = {colour: '--heddle', dash: []};
export const look = (peer) => looks[peer] ?? {colour: '--other', dash: [1, 4]};
export const colour = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
