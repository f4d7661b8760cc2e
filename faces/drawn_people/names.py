"""Names that nobody bears: short invented first names and last names from the drawer's desk."""

_FIRST = (
    "Abo", "Bix", "Calla", "Dovi", "Elpa", "Fenno", "Gita", "Hob", "Ilka", "Jory", "Kesi", "Lum", "Mirko", "Nuna",
    "Oska", "Pim", "Quilla", "Rufo", "Senna", "Tovi", "Una", "Varo", "Wim", "Xanti", "Ymke", "Zuri", "Anouk", "Baso",
    "Cim", "Della", "Emre", "Fiko", "Goran", "Hanu", "Ivo", "Juno", "Kali", "Lotte", "Momo", "Nilo", "Orla",
)  # fmt: skip
_LAST = (
    "Inkwell", "Charcoal", "Gouache", "Easel", "Crayon", "Pastel", "Stipple", "Hatch", "Umber", "Sienna", "Ochre",
    "Cobalt", "Vellum", "Quill", "Nib", "Sketch", "Contour", "Smudge", "Palette", "Doodle", "Linocut", "Fresco",
    "Woodcut", "Sepia", "Indigo", "Vermilion", "Gesso", "Varnish", "Brushwick", "Pencilby", "Papyrus", "Etching",
    "Mosaic", "Tempera", "Celadon", "Silhouette", "Chalk",
)  # fmt: skip

NAME_COUNT = len(_FIRST) * len(_LAST)


def drawn_name(seed: int) -> str:
    """The name of the drawn person with this seed (0 or more).

    Different seeds have different names: the first NAME_COUNT seeds get each pair once, since the lists' lengths share
    no divisor; later ones get a number behind it. Seeds that follow each other share neither first nor last name.
    """
    if seed < 0:
        raise ValueError(f"The seed of a drawn person is {seed}; it must be 0 or more.")
    name = f"{_FIRST[seed % len(_FIRST)]} {_LAST[seed % len(_LAST)]}"
    generation = seed // NAME_COUNT
    return name if generation == 0 else f"{name} {generation + 1}"
