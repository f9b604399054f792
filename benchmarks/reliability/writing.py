def keep(name, found):
    pass


def write_page():
    pass
