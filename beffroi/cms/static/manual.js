// Decap waits for `CMS.init`, which form.js calls with the configuration of the commune.
window.CMS_MANUAL_INIT = true;
