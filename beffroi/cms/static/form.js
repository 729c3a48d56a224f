// The form's own parts: a moment with or without an hour, the preview with the site's styles, nothing empty saved.
const { CMS, createClass, h } = window;

const STYLES = ["tokens", "base", "layout", "components", "alerts", "article"];
const FORM = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?/;

// A day, and an hour that may stay empty: "2026-05-04" is the whole day, "2026-05-04 09:30" an instant.
const Moment = createClass({
  changed(day, hour) {
    this.props.onChange(day ? (hour ? `${day} ${hour}` : day) : "");
  },
  render() {
    const { value, forID, classNameWrapper, setActiveStyle, setInactiveStyle } = this.props;
    const [, day = "", hour = ""] = FORM.exec(value || "") || [];
    const common = { onFocus: setActiveStyle, onBlur: setInactiveStyle };
    return h("div", { className: classNameWrapper, style: { display: "flex", gap: "1rem" } },
      h("input", { ...common, id: forID, type: "date", value: day, onChange: (e) => this.changed(e.target.value, hour) }),
      h("input", {
        ...common, type: "time", value: hour, "aria-label": "Heure, facultative", disabled: !day,
        onChange: (e) => this.changed(day, e.target.value),
      }),
    );
  },
});

const words = (entry, name) => entry.getIn(["data", ...name.split(".")]) || "";

// The page as the site would show it, from what is being written.
const Preview = createClass({
  render() {
    const { entry, widgetFor, getAsset } = this.props;
    const src = words(entry, "image.src");
    const when = [words(entry, "event.start"), words(entry, "event.place"), words(entry, "event.price")].filter(Boolean);
    return h("main", { className: "article-page", style: { padding: "1rem" } },
      h("article", { className: "article", lang: words(entry, "lang") || "fr" },
        h("header", { className: "article-head" }, h("div", { className: "article-head-inner" },
          h("h1", {}, words(entry, "title")),
          words(entry, "summary") && h("p", { className: "lead" }, words(entry, "summary")))),
        when.length > 0 && h("section", { className: "event-box" }, h("p", {}, when.join(" · "))),
        src && h("figure", { className: "article-image" },
          h("img", { src: String(getAsset(src)), alt: words(entry, "image.alt") }),
          words(entry, "image.credit") && h("figcaption", {}, words(entry, "image.credit"))),
        h("div", { className: "prose" }, widgetFor("body")),
        h("p", {}, h("strong", {}, "Panneau : "), words(entry, "panel") || words(entry, "title")),
        h("p", {}, h("strong", {}, "Notification : "), words(entry, "push") || words(entry, "summary"))));
  },
});

// What is left empty is not written; an image is named from content/images.
const pruned = (value) => {
  if (Array.isArray(value)) return value.map(pruned).filter((one) => one !== undefined);
  if (value && typeof value === "object" && !(value instanceof Date)) {
    const kept = Object.entries(value).map(([key, one]) => [key, pruned(one)]).filter(([, one]) => one !== undefined);
    return kept.length ? Object.fromEntries(kept) : undefined;
  }
  return value === "" || value === null ? undefined : value;
};

const saved = ({ entry }) => {
  const data = pruned(entry.get("data").toJS()) || {};
  if (data.image && data.image.src) data.image.src = data.image.src.replace(/^\/?images\//, "");
  return entry.get("data").clear().merge(data);
};

const start = async () => {
  const config = await (await fetch("config.json")).json();
  CMS.registerWidget("moment", Moment);
  STYLES.forEach((name) => CMS.registerPreviewStyle(`/theme/css/${name}.css`));
  config.collections.forEach(({ name }) => CMS.registerPreviewTemplate(name, Preview));
  CMS.registerEventListener({ name: "preSave", handler: saved });
  CMS.init({ config });
};

start();
