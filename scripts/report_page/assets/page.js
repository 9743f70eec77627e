// Draws the charts of the page. Each stands in the page as JSON beside its place; nothing is
// fetched, and Vega interprets its expressions instead of compiling them.
(function () {
  "use strict";

  var configuration = JSON.parse(document.getElementById("chart-configuration").textContent);
  var places = Array.prototype.slice.call(document.querySelectorAll("[data-chart]"));
  var drawn = new Map();
  // Labels may take this share of the width, so that a phone shows more than labels.
  var LABEL_SHARE = 0.5;

  function options(width) {
    var limit = Math.max(90, Math.min(260, Math.floor(width * LABEL_SHARE)));
    return {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true,
      defaultStyle: false,
      config: Object.assign({}, configuration, { axisY: { labelLimit: limit } }),
      tooltip: { disableDefaultStyle: true, theme: "page" },
    };
  }

  async function draw(place) {
    var width = place.clientWidth;
    var before = drawn.get(place);
    if (!width || (before && before.width === width)) {
      return;
    }
    var specification = JSON.parse(document.getElementById("spec-" + place.dataset.chart).textContent);
    try {
      var result = await window.vegaEmbed(place, specification, options(width));
      if (before) {
        before.result.finalize();
      }
      drawn.set(place, { width: width, result: result });
      place.classList.add("is-drawn");
    } catch (error) {
      place.textContent = "This chart could not be drawn. The table below has its figures.";
      place.removeAttribute("role");
      console.error(error);
    }
  }

  async function drawAll() {
    for (var place of places) {
      await draw(place);
    }
    document.documentElement.dataset.charts = "drawn";
  }

  var waiting = 0;
  window.addEventListener("resize", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(drawAll, 150);
  });

  drawAll();
})();
