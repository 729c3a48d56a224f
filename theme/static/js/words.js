// What scripts say, in the language of the page: a translated page gives its words in `data-words`.

const words = JSON.parse(document.body.dataset.words || "{}");

export const say = (french) => words[french] ?? french;
