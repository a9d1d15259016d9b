from engine.themes.line import Line, Motif
def pin(line): return None
def collinear_move(line): return None
