"""What `build_world2022.py` is made of."""
