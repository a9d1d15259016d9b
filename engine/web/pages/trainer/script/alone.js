// The start of a page that is the trainer alone.

document.addEventListener("DOMContentLoaded", prepareTrainer);
