"""Geography without internet: places, areas, grids and coordinates. Metres in, metres out."""
