// In the preview's frames: the scripts of the page see the instant that was chosen, and no worker outlives the preview.
{
  const at = Number(window.frameElement?.dataset.at);
  delete Navigator.prototype.serviceWorker;
  if (at) {
    const Real = Date;
    const skew = at - Real.now();
    globalThis.Date = class extends Real {
      constructor(...given) {
        if (given.length) super(...given);
        else super(Real.now() + skew);
      }

      static now() {
        return Real.now() + skew;
      }
    };
  }
}
