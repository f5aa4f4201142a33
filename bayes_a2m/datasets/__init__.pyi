from .dataset import Dataset as Dataset
from .folder import load_folder as load_folder
from .recording import Recording as Recording
