"""The kinds of charts of dashboards.yml, as the parameters that Superset keeps of a chart.

A chart takes `title`, `dataset`, `kind` and `width`, and where it applies:

`where`: a condition in SQL on the rows of the dataset.
`format`: how amounts are written, in the notation of d3.
`by`, `metrics` or `metric`, `series`: what a chart is of, by what, and split by what.
`columns`, `sort`: the columns of a table or text, and by which of them rows are sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Chart: TypeAlias = Mapping[str, Any]
Params: TypeAlias = dict[str, Any]

ROWS = 1000
# By the end of a column's name; other numbers have at most two decimals.
COLUMN_FORMATS = {
    "_share": ".1%",
    "rate": ".1%",
    "_count": ",d",
    "spend_per_customer": ",.0f",
    "orders_per_customer": ",.1f",
    "index_value": ",.0f",
    "_ratio": ".2f",
    "_growth": ".2f",
    "_low": ".2f",
    "_high": ".2f",
    "stability": ".2f",
}


def params_of(chart: Chart) -> Params:
    """Return the parameters of a chart."""
    made = KINDS[chart["kind"]](chart)
    if "where" in chart:
        made["adhoc_filters"] = [
            {
                "clause": "WHERE",
                "expressionType": "SQL",
                "sqlExpression": chart["where"],
                "filterOptionName": "where",
            }
        ]
    return {**made, "row_limit": ROWS, "extra_form_data": {}}


def _number(chart: Chart) -> Params:
    """One number, in the format of its metric."""
    return {
        "viz_type": "big_number_total",
        "metric": chart["metric"],
        "header_font_size": 0.6,
        "subheader_font_size": 0.15,
    }


def _table(chart: Chart) -> Params:
    """Rows of the dataset."""
    columns = chart["columns"]
    formats = {
        column: {"d3NumberFormat": found, "d3SmallNumberFormat": found}
        for column in columns
        if (found := _format_of(column))
    }
    return {
        "viz_type": "table",
        "query_mode": "raw",
        "all_columns": columns,
        "order_by_cols": [f'["{column}", true]' for column in chart["sort"]],
        "column_config": formats,
        "table_timestamp_format": "%Y-%m-%d",
        "show_cell_bars": False,
        "color_pn": False,
        "page_length": 0,
    }


def _format_of(column: str) -> str | None:
    """Return how the numbers of a column are written."""
    return next((one for end, one in COLUMN_FORMATS.items() if column.endswith(end)), None)


def _text(chart: Chart) -> Params:
    """Rows of the dataset as text, by a template that escapes them."""
    return {
        "viz_type": "handlebars",
        "query_mode": "raw",
        "all_columns": chart["columns"],
        "handlebarsTemplate": chart["text"],
        "styleTemplate": "",
    }


def _axes(chart: Chart, metrics: list[str], viz_type: str) -> Params:
    """What charts with two axes share."""
    return {
        "viz_type": viz_type,
        "x_axis": chart["by"],
        "metrics": metrics,
        "groupby": [chart["series"]] if "series" in chart else [],
        "color_scheme": "supersetColors",
        "y_axis_format": chart["format"],
        "show_legend": chart.get("legend", False),
        "legendType": "scroll",
        # Names of segments are too long to stand side by side.
        "legendOrientation": "right" if chart.get("series") == "segment" else "top",
        "rich_tooltip": True,
        "truncate_metric": True,
        "x_axis_time_format": "%Y-%m-%d",
        # Each name is written, and as many dates as there is room for.
        "xAxisLabelInterval": "auto" if chart["by"].endswith("_date") else "0",
        "tooltipTimeFormat": "%Y-%m-%d",
        "y_axis_title_margin": 0,
        "x_axis_title_margin": 0,
    }


def _bars(chart: Chart) -> Params:
    """Bars from left to right, the largest of the first metric on top."""
    return {
        **_axes(chart, chart["metrics"], "echarts_timeseries_bar"),
        "orientation": "horizontal",
        "x_axis_sort": chart["metrics"][0],
        "x_axis_sort_asc": True,
        "show_value": "stack" not in chart,
        "stack": "Stack" if "stack" in chart else None,
    }


def _columns(chart: Chart) -> Params:
    """Bars from below, in the order of their names."""
    return {
        **_axes(chart, chart["metrics"], "echarts_timeseries_bar"),
        "orientation": "vertical",
        "x_axis_sort": chart["by"],
        "x_axis_sort_asc": True,
        "show_value": True,
    }


def _stacked(chart: Chart) -> Params:
    """Bars over time, one on top of the other."""
    return {
        **_axes(chart, [chart["metric"]], "echarts_timeseries_bar"),
        "orientation": "vertical",
        "stack": "Stack",
        "show_legend": True,
    }


def _line(chart: Chart) -> Params:
    """Lines over time."""
    return {
        **_axes(chart, [chart["metric"]], "echarts_timeseries_line"),
        "markerEnabled": True,
        "markerSize": 5,
        "truncateYAxis": True,
        "y_axis_bounds": [None, None],
    }


def _bubbles(chart: Chart) -> Params:
    """A bubble for each row: two columns across and up, a metric as size."""
    (x, x_label), (y, y_label) = chart["x"], chart["y"]
    return {
        "viz_type": "bubble_v2",
        "entity": chart["by"],
        "x": _mean(x),
        "y": _mean(y),
        "size": chart["size"],
        "max_bubble_size": "25",
        "color_scheme": "supersetColors",
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "right",
        "legendMargin": 220,
        "x_axis_label": x_label,
        "x_axis_title_margin": 30,
        "xAxisFormat": chart["format"],
        "y_axis_label": y_label,
        "y_axis_title_margin": 50,
        "y_axis_format": chart["format"],
        "truncateYAxis": True,
        "y_axis_bounds": [None, None],
        "tooltipSizeFormat": ",d",
        "opacity": 0.7,
    }


def _mean(column: str) -> dict[str, Any]:
    """Return a metric that has the column's own value, as each group is one row."""
    return {
        "expressionType": "SQL",
        "sqlExpression": f"avg({column})",
        "label": column,
        "optionName": f"metric_{column}",
        "hasCustomLabel": True,
    }


def _heatmap(chart: Chart) -> Params:
    """A cell for each pair of two columns."""
    return {
        "viz_type": "heatmap_v2",
        "x_axis": chart["across"],
        "groupby": chart["down"],
        "metric": chart["metric"],
        "linear_color_scheme": "schemeBlues",
        "normalize_across": "heatmap",
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_desc",
        "show_values": True,
        "show_legend": False,
        "legend_type": "continuous",
        "show_percentage": False,
        "xscale_interval": 1,
        "yscale_interval": 1,
        "left_margin": "auto",
        "bottom_margin": 30,
        "value_bounds": [None, None],
        "border_color": {"r": 255, "g": 255, "b": 255, "a": 1},
        "border_width": 1,
        "y_axis_format": chart["format"],
    }


def _sankey(chart: Chart) -> Params:
    """Bands from sources to targets."""
    return {
        "viz_type": "sankey_v2",
        "source": chart["source"],
        "target": chart["target"],
        "metric": chart["metric"],
        "sort_by_metric": True,
        "color_scheme": "supersetColors",
    }


KINDS: dict[str, Callable[[Chart], Params]] = {
    "number": _number,
    "table": _table,
    "text": _text,
    "bars": _bars,
    "columns": _columns,
    "stacked": _stacked,
    "line": _line,
    "bubbles": _bubbles,
    "heatmap": _heatmap,
    "sankey": _sankey,
}
