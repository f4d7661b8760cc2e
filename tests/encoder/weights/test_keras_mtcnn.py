import numpy as np
import pytest

from encoder.weights.keras_mtcnn import mtcnn_parameters


def test_a_convolution_goes_from_rows_columns_in_out_to_out_in_rows_columns() -> None:
    weight = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    bias = np.arange(5, dtype=np.float32)
    parameters = mtcnn_parameters([weight, bias], ["convolution1"])
    turned = parameters["convolution1.weight"]
    for row in range(2):
        for column in range(3):
            for i in range(4):
                for o in range(5):
                    assert turned[o, i, row, column] == weight[row, column, i, o]
    assert parameters["convolution1.bias"].tolist() == bias.tolist()


def test_a_dense_layer_goes_from_in_out_to_out_in() -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    parameters = mtcnn_parameters([weight, np.zeros(3, np.float32)], ["dense"])
    assert parameters["dense.weight"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_a_prelu_has_one_slope_a_channel_and_no_bias() -> None:
    parameters = mtcnn_parameters([np.ones((1, 1, 7), np.float32)], ["prelu1"])
    assert {name: value.shape for name, value in parameters.items()} == {"prelu1.weight": (7,)}


def test_a_file_with_another_number_of_arrays_is_refused() -> None:
    with pytest.raises(ValueError, match="2 arrays were expected but 1 found"):
        mtcnn_parameters([np.zeros((1, 1), np.float32)], ["dense"])
