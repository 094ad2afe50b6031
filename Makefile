# Every target builds .venv by itself on first use; a second call builds nothing.
PYTHON = .venv/bin/python

.PHONY: demo test lint bench venv
.DEFAULT_GOAL := demo

demo: venv  ## four papers, from nothing to the figures
	$(PYTHON) -m launch data enwik8 --vocab 512
	$(PYTHON) -m launch sweep infinite_compute/demo --yes
	$(PYTHON) -m launch compare infinite_compute/demo
	$(PYTHON) -m launch figure infinite_compute/demo
	$(PYTHON) -m launch data docs --vocab 1024
	$(PYTHON) -m launch data problems --vocab 1024
	$(PYTHON) -m launch sweep ssd/demo --yes
	$(PYTHON) -m launch figure ssd/demo
	$(PYTHON) -m projects.ssd.generate --pair demo --mode compare --prompt "Question: " --timeline out/ssd/demo-timeline.png
	$(PYTHON) -m launch sweep lewm/demo --yes
	$(PYTHON) -m launch figure lewm/demo
	$(PYTHON) -m launch sweep generalization/polynomials --yes
	$(PYTHON) -m launch figure generalization/polynomials
	$(PYTHON) -m launch sweep generalization/certificate --scale=smoke --yes
	$(PYTHON) -m launch figure generalization/certificate --scale=smoke
	$(PYTHON) -m launch report

test: venv  ## fast tests first, then the slow ones
	$(PYTHON) -m pytest

lint: venv
	$(PYTHON) -m ruff check .

bench: venv  ## side by side with named competitors; builds an environment of its own for them
	$(PYTHON) -m bench

venv: .venv/ready

.venv/ready: requirements.txt requirements-dev.txt launch/venv.sh
	sh launch/venv.sh
	@touch $@
