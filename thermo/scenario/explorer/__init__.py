"""One page with a slider for each number of a scenario: `python -m thermo explore my.toml`.

Only this room serves pages, with Bokeh of the extra `explore`. `knobs` are the numbers that can be
moved, `answers` what is computed at each, `tables` and `curves` how it is shown, `page` joins them,
`server` serves the page to this machine only.
"""
