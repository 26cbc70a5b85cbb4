"""The page that shows streams: served, exported, or inside a notebook. Serving needs the `view` extra."""
