// Draws the charts of the page. Each stands in the page as JSON beside its place; nothing is
// fetched, and Vega interprets its expressions instead of compiling them.
(function () {
  "use strict";

  var configuration = JSON.parse(document.getElementById("chart-configuration").textContent);
  var places = Array.prototype.slice.call(document.querySelectorAll("[data-chart]"));
  var drawn = new Map();
  // Labels may take this share of the width, so that a phone shows more than labels.
  var LABEL_SHARE = 0.5;
  // Below this width of a chart, in pixels, labels are broken; a character is about so wide.
  var NARROW = 480;
  var CHARACTER = 6.6;
  // Widths on A4 paper, in pixels: of a whole and a half row, and of the chart of a brief.
  var PAPER = 630;
  var HALF_PAPER = 300;
  var BRIEF = 355;

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

  // On a phone labels are broken between words, so that none is cut.
  function wrapped(specification, width) {
    var most = Math.max(12, Math.floor((width * LABEL_SHARE) / CHARACTER));
    (specification.layer || [specification]).forEach(function (layer) {
      var y = (layer.encoding || {}).y;
      if (y && y.axis && y.type !== "quantitative") {
        // Two lines stand to both sides of the middle of their row.
        y.axis.labelLineHeight = 12;
        y.axis.labelOffset = { condition: { test: "length(datum.label) > " + most, value: -6 }, value: 0 };
        y.axis.labelExpr =
          "split(trim(replace(datum.label, regexp('(.{1," + most + "})(\\\\s+|$)', 'g'), '$1\\n')), '\\n')";
      }
    });
    return specification;
  }

  async function draw(place) {
    var width = place.clientWidth;
    var before = drawn.get(place);
    if (!width || (before && before.width === width)) {
      return;
    }
    var specification = JSON.parse(document.getElementById("spec-" + place.dataset.chart).textContent);
    if (width < NARROW) {
      specification = wrapped(specification, width);
    }
    try {
      var result = await window.vegaEmbed(place, specification, options(width));
      if (before) {
        before.result.finalize();
      }
      // The place is named as a picture; what Vega says of single marks is no help beside that.
      place.querySelector("svg").setAttribute("aria-hidden", "true");
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

  // Paper is narrower than a screen: charts are fitted to it, so that their labels stay readable.
  function fit(place, width) {
    var chart = drawn.get(place);
    if (chart) {
      // Once for the width, once for what the new layout of its labels leaves of it.
      chart.result.view.signal("width", width).resize().run().run();
    }
  }

  window.addEventListener("beforeprint", function () {
    places.forEach(function (place) {
      fit(place, place.closest(".columns") ? BRIEF : place.closest(".half") ? HALF_PAPER : PAPER);
    });
  });
  window.addEventListener("afterprint", function () {
    places.forEach(function (place) {
      fit(place, place.clientWidth);
    });
  });

  var waiting = 0;
  window.addEventListener("resize", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(drawAll, 150);
  });

  drawAll();
})();
