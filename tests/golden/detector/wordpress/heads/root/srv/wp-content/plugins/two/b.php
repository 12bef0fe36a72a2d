<?php
/*
Plugin Name: Two b
Version: 7
*/